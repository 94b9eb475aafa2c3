#!/usr/bin/env python3
"""Draw pictures for make_sheets.py, with whichever arbitrary_nst PYTHONPATH leads to; a process keeps its models.

Reads lines of JSON, {"model", "photo", "style", "out", "options"}: a model's name or folder, an 8-bit RGB array and a
style picture as files, where the picture goes as such an array, and keywords of ``Stylizer.stylize``. Answers each with
a line, {"seconds"} or {"error"}.

    echo '{"model": "mini", "photo": "p.npy", "style": "s.jpg", "out": "o.npy"}' | python scripts/look/draw.py
"""

import json
import sys
import time

import numpy as np

from arbitrary_nst import NSTError, Stylizer


def main():
    stylizers, folder = {}, sys.argv[1] if len(sys.argv) > 1 else None
    for line in sys.stdin:
        task = json.loads(line)
        model = task["model"]
        try:
            if model not in stylizers:
                stylizers[model] = Stylizer(model, model_dir=folder, offline=True)
            stylizer, photo = stylizers[model], np.load(task["photo"])
            style = stylizer.style(task["style"])
            began = time.monotonic()
            picture = stylizer.stylize(photo, style, **task.get("options", {}))
            answer = {"seconds": round(time.monotonic() - began, 2)}
            np.save(task["out"], picture)
        except NSTError as exc:
            answer = {"error": str(exc)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
