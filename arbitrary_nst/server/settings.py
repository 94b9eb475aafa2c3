"""What a server is told: where it listens, whom it lets in, and how much it takes on."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import Opt, Options

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

SHORTEST_TOKEN = 16  # characters
BODY_S = 120.0  # in which a request must have arrived whole
SEND_S = 60.0  # in which a client must take each piece of an answer
HEADERS_S = 15.0  # in which a request's headers must have arrived
MOST_UPLOADS, MOST_FIELDS, LONGEST_FIELD = 16, 100, 16_384  # parts of one request, and bytes of a field
MOST_CONNECTIONS, MOST_OF_ONE = 512, 256  # at once, and of one address
EVENT_S = 15.0  # between signs of life in a stream of events


@dataclass(frozen=True, kw_only=True)
class ServeOptions(Options):
    """Where a server listens, whom it lets in, and how much it takes on."""

    host: Annotated[
        str, Opt("Address to listen at; one that others reach needs a token, or --no-token.", unit="ADDRESS")
    ] = "127.0.0.1"
    port: Annotated[int, Opt("Port to listen at; 0 takes a free one.", least=0, most=65535, unit="N")] = 8765
    token_file: Annotated[
        Path | None,
        Opt("File with a token of 16 characters or more, which clients must show.", unit="FILE",
            env="ARBSTYLE_TOKEN_FILE"),
    ] = None  # fmt: skip
    no_token: Annotated[bool, Opt("Let in whoever reaches the address.")] = False
    allow_host: Annotated[
        str | None,
        Opt("Names that clients may call it by besides localhost and addresses, with commas.", unit="NAMES"),
    ] = None
    queue: Annotated[int, Opt("Pictures that may wait; more are refused with 429.", least=1, unit="N")] = 64
    keep: Annotated[
        float, Opt("How long photos and results are kept after their last use.", least=0.01, most=1440, unit="MINUTES")
    ] = 15.0
    hold: Annotated[int, Opt("Photos and results kept in memory, each; the oldest go first.", least=1, unit="SIZE")] = (
        512_000_000
    )
    max_body: Annotated[int, Opt("Refuse larger requests.", least=1, unit="SIZE")] = 128_000_000
    state: Annotated[
        Path | None, Opt("Folder that own styles are kept in.", unit="FOLDER", unset="they go with the server")
    ] = None
    grace: Annotated[
        float, Opt("How long what runs may take to finish when told to stop.", least=0, most=3600, unit="SECONDS")
    ] = 30.0
    access_log: Annotated[bool, Opt("A line on stderr for each request.")] = False
    open: Annotated[bool, Opt("Open the page in the browser.")] = False

    def __post_init__(self) -> None:
        """Raise OptionError for a server that is open to others without having been asked to be."""
        super().__post_init__()
        if self.token_file is not None and self.no_token:
            raise OptionError("no token: there is one", "one of {token_file} and {no_token}")
        if not (self.is_private or self.token_file or self.no_token):
            raise OptionError(f"host {self.host}: others reach it, without a token", "{token_file}, or {no_token}")

    @property
    def is_private(self) -> bool:
        """Whether only this machine reaches the address."""
        address = address_of(self.host)
        return self.host == "localhost" or (address is not None and address.is_loopback)

    @property
    def names(self) -> frozenset[str]:
        """The names that ``allow_host`` lists, in small letters."""
        return frozenset(name.strip().lower() for name in (self.allow_host or "").split(",") if name.strip())

    def token(self) -> str | None:
        """The token that clients must show, None where none is asked for. Raises OptionError."""
        if self.token_file is None:
            return None
        try:
            token = self.token_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as exc:
            reason = getattr(exc, "strerror", None) or "no text"
            raise OptionError(f"{self.token_file}: cannot be read ({reason})", "a file with one line of text") from exc
        if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
            raise OptionError(
                f"{self.token_file}: no token of {SHORTEST_TOKEN} letters and digits or more",
                f"openssl rand -hex 24 > {self.token_file}",
            )
        return token


def address_of(host: str) -> "IPv4Address | IPv6Address | None":
    """The IP address that it is, which no name server can point elsewhere; None for a name."""
    from ipaddress import ip_address  # not at every start of the command

    try:
        return ip_address(host)
    except ValueError:
        return None
