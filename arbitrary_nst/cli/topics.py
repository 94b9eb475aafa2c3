"""`arbstyle help`: a command's options, or a few lines on a topic."""

import inspect
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from arbitrary_nst.cli.report import write_stdout
from arbitrary_nst.errors import OptionError

TOPICS = {
    "models": """
        magenta  Google's published network, the best; fetched when first used.
        lite     its small sibling for phones; in a folder of yours, or fetched.
        mini     the fastest; comes with the package and needs no network.

        `-m auto` takes magenta where it is here or can be fetched, else what is here. `arbstyle models list` shows
        what is here, `arbstyle models pull magenta` fetches. Each model is verified before it is loaded, and no
        program that comes with one is run. ARBSTYLE_MODEL_DIR names a folder with one sub-folder per model, searched
        first; ARBSTYLE_OFFLINE=1 keeps away from the network.
        """,
    "photos": """
        Photos come back with their size, orientation, colours, transparency and metadata. What Pillow reads is read;
        HEIC, JPEG XL and raw photos with the extras arbitrary-nst[heic], [jxl] and [raw].

        Strokes are alike in photos of any size: a large photo is drawn at 0.7 megapixels and carried up along its
        edges. `--strokes fine` draws it as it is, with strokes of 20 px, `--strokes 500` with large ones, as if its
        longest side were 500 px; `--max-size 1600` makes the photo smaller. What is too large for the memory is drawn
        in strips, which gives the same picture. `-` reads a photo from stdin and writes the picture to stdout.
        """,
    "batches": """
        arbstyle run PHOTOS -s painting.jpg -o styled                    a folder, mirrored into another
        arbstyle run PHOTOS -s painting.jpg -o styled --existing skip    go on where it was stopped
        arbstyle run PHOTOS -s painting.jpg -o styled --dry-run          what would be done, and how long it takes
        arbstyle watch INBOX -s painting.jpg -o styled                   what arrives, too

        A photo that fails is told and the rest goes on. Several runs may share one output folder with
        `--existing skip`: each picture is made once. `--json` gives a line of JSON for each picture.
        """,
    "refinement": """
        `arbstyle run photo.jpg -s painting.jpg --refine` goes on from the network's picture and optimises it until
        VGG19 sees the photo's content and the painting's style in it: minutes instead of a second, and worth it.

        `--recipe` chooses what to optimise for (`arbstyle recipes`), `--steps` and `--time-limit` how long,
        `--style-weight` and `--content-weight` what counts more. `--preview FILE` shows the picture so far. Ctrl-C
        ends it and keeps what there is. VGG19's weights, 80 MB, are fetched once.
        """,
    "scores": """
        arbstyle score photo.jpg painting.jpg picture.jpg               how good a picture is, whoever made it
        arbstyle run PHOTOS -s painting.jpg -o styled --json --score     into each line, to find the weak ones

        closed          of the way from the photo to the style, as VGG19 sees the whole on a screen: 1 is the style, 0
                        the photo, below 0 is farther off than the photo
        content         how far it left the photo: VGG19's mean square difference; less is nearer
        closed_256, content_256   the same of the middle square at 256 px, as models are compared
        stripe, stripe_worst      levels of 255 by which every second row or column stands out; photos have about 1
        mesh            a weave of 4- or 8-px cells; above 0.1 is much
        rings           levels: lines of wood grain in a smooth sky; below 1 is hardly seen
        halo, halo_width          levels and px: how a plain background changes towards edges
        shift, spread   levels: how far a plain background changed, and how uneven it became
        edges           sharpness of the photo's hard edges at 100 %; 1 is as sharp as the photo
        """,
    "exit-codes": """
        0    all done
        1    internal error, an engine that is not installed or failed, or a line that could not be written
        2    wrong usage, or a style picture that cannot be read
        3    some photos failed; each is told on stderr
        4    a model is missing, changed or not verified
        129  ended by SIGHUP
        130  by Ctrl-C
        143  by SIGTERM
        """,
}


def topic_help(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC", help="A command, or " + ", ".join(TOPICS) + ".")
    ] = None,
) -> None:
    """Explain a command or a topic.

    Topics are models, photos, batches, refinement, scores and exit-codes.
    """
    root: Any = context.parent
    commands: dict[str, Any] = root.command.commands
    if not words:
        write_stdout(f"commands: {', '.join(commands)}\ntopics: {', '.join(TOPICS)}\n")
        return
    topic, *inner = words
    if inner and (len(inner) > 1 or inner[0] not in getattr(commands.get(topic), "commands", {})):
        raise OptionError(f"{' '.join(words)}: no command", f"arbstyle help {topic}")
    if topic in TOPICS and not inner:
        write_stdout(inspect.cleandoc(TOPICS[topic]) + "\n")
    if topic in commands:
        if topic in TOPICS and not inner:
            write_stdout(f"\n`arbstyle {topic} --help` lists its options.\n")
        else:
            commands[topic].main([*inner, "--help"], prog_name=f"{root.info_name} {topic}", standalone_mode=False)
    elif topic not in TOPICS:
        near = get_close_matches(topic, [*commands, *TOPICS], 1)
        raise OptionError(f"{topic}: no command and no topic", f"arbstyle help {near[0]}" if near else "arbstyle help")
