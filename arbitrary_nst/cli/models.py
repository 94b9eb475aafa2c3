"""`arbstyle models`: what is here, fetch it, prove it, find it, write it for other runtimes, remove it."""

from pathlib import Path
from typing import Annotated

import typer

from arbitrary_nst import model_zoo
from arbitrary_nst.cli import export
from arbitrary_nst.cli.report import ModelDir, Verbose, put, put_table, say, write_stdout

app = typer.Typer(
    help="List, fetch, verify, export and remove pretrained models.", no_args_is_help=True, rich_markup_mode="rich"
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="magenta, lite or mini.")]
OptionalName = Annotated[
    str | None, typer.Argument(metavar="NAME", help="magenta, lite or mini. Default: every one that is here.")
]


@app.command("list")
def list_models(model_dir: ModelDir = None, verbose: Verbose = False) -> None:
    """Show which models are here, their size, licence and whether they are verified."""
    lines = [("MODEL", "STATE", "SIZE", "LICENCE", "WHERE")]
    for row in model_zoo.list_models(model_dir):
        size = f"{row.bytes / 1e6:.1f} MB" if row.bytes else "-"
        lines.append((row.name, row.state, size, row.licence, str(row.where or "-")))
    put_table(lines)


@app.command("pull", no_args_is_help=True)
def pull(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Fetch again even if a copy is in the cache.")] = False,
    verbose: Verbose = False,
) -> None:
    """Fetch a model into the cache and verify it."""
    _put_path(model_zoo.pull(name, force=force, notify=say))


@app.command("verify")
def verify(name: OptionalName = None, model_dir: ModelDir = None, verbose: Verbose = False) -> None:
    """Check models from the first byte, and record what is found valid as the state to compare with from now on."""
    here = [row.name for row in model_zoo.list_models(model_dir) if row.where is not None]
    for each in [name] if name else here:
        model = model_zoo.verify(each, model_dir=model_dir)
        put(f"{each}: verified, {model.folder}")


@app.command("path", no_args_is_help=True)
def path(name: Name, model_dir: ModelDir = None, verbose: Verbose = False) -> None:
    """Print the folder that a model would be loaded from."""
    _put_path(model_zoo.find(name, model_dir=model_dir))


app.command("export", no_args_is_help=True)(export.export)


@app.command("clear")
def clear(
    name: OptionalName = None,
    learnt: Annotated[
        bool, typer.Option("--learnt", help="The styles that `run --learn` has learnt, too, by all models.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Remove fetched models, conversions and numbers of styles from the cache.

    Your own model folders stay, and so do styles that took minutes to learn, unless `--learnt` is given.
    """
    freed = model_zoo.clear(name) + (model_zoo.clear_learnt() if learnt else 0)
    put(f"{freed / 1e3:.0f} kB freed" if 0 < freed < 1e6 else f"{freed / 1e6:.1f} MB freed")
    if kept := len(list(model_zoo.learnt_dir().glob("*.style"))):
        say(f"{kept} learnt style{'' if kept == 1 else 's'} kept in {model_zoo.learnt_dir()}. Try: --learnt")


def _put_path(path: Path) -> None:
    """A path on stdout as it is: programs read it."""
    write_stdout(f"{path}\n")
