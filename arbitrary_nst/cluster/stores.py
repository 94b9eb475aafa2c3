"""Where photos lie and pictures go: a folder, or an address such as ``s3://bucket/photos``.

An address is read by pyarrow, which has S3, Google's and Azure's stores and HDFS built in, and what it does not know by
fsspec. ``?endpoint_override=HOST:PORT&scheme=http`` behind it, as pyarrow has it, names a server of one's own.
"""

import contextlib
import re
import secrets
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from arbitrary_nst.errors import NSTError, OptionError, PhotoError

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)
_QUERY = re.compile(r"\?(?=[a-z_]+=)", re.IGNORECASE)
# Stores whose objects appear whole when their one request is done; elsewhere a file is written and then moved.
_OBJECT_STORES = ("s3", "s3a", "gcs", "gs", "abfs", "az", "adl", "oci", "r2")
# What AWS and those that speak as it does answer, as people say it.
_REASONS = {
    "NO_SUCH_BUCKET": ("no such bucket", "check its name"),
    "ACCESS_DENIED": ("access denied", "credentials that may read and write there"),
    "INVALID_ACCESS_KEY_ID": ("its key is not known there", "other credentials"),
    "SIGNATURE_DOES_NOT_MATCH": ("its key is not known there", "other credentials"),
    "NETWORK_CONNECTION": ("does not answer", "check the address and the network"),
    "Bucket '": ("no such bucket", "check its name"),
}
CONNECT_S, REQUEST_S, ATTEMPTS = 5, 60, 4  # of S3


class Entry(NamedTuple):
    """What lies somewhere: its path in the store, whether a folder or a file, or what is wrong with it."""

    path: str
    is_folder: bool
    size: int
    mtime_ns: int


class Address(NamedTuple):
    """An address in its parts: ``s3``, ``bucket``, ``photos/june`` and ``scheme=http``."""

    scheme: str
    host: str
    path: str
    query: str

    @property
    def root(self) -> str:
        """What its store is known by."""
        return f"{self.scheme}://{self.host}"

    @property
    def shown(self) -> str:
        """The address without its query, as people and manifests have it."""
        return f"{self.root}/{self.path}" if self.path else self.root


def is_address(text: str) -> bool:
    """Whether it names a store, and no local path."""
    return _ADDRESS.fullmatch(text) is not None and not text.lower().startswith("file://")


def local(text: str) -> Path:
    """The local path, of a ``file://`` address too."""
    return Path(unquote(urlsplit(text).path)) if text.lower().startswith("file://") else Path(text)


def parsed(text: str) -> Address:
    """The parts of an address. Raises OptionError for one without a host, or with credentials."""
    found = _ADDRESS.fullmatch(text)
    assert found is not None
    rest, *query = _QUERY.split(found[2], maxsplit=1)
    host, _, path = rest.partition("/")
    if not host:
        raise OptionError(f"{text}: names no bucket", f"{found[1]}://BUCKET/FOLDER")
    if "@" in host and not found[1].lower().startswith("abfs"):  # they would stand in names and manifests
        raise OptionError(f"{found[1]}://...@...: credentials in an address", "the environment's, as AWS_ACCESS_KEY_ID")
    return Address(found[1].lower(), host, path.strip("/"), query[0] if query else "")


class Store:
    """A pyarrow file system with the names of one place in it: paths are those of its addresses below the host."""

    def __init__(self, root: str, filesystem: Any, prefix: str) -> None:
        self.root, self._fs, self._prefix = root, filesystem, prefix

    @classmethod
    def of(cls, address: Address) -> "Store":
        """The store of an address. Raises OptionError where there is no such kind, or what it needs is missing."""
        return _opened(address.scheme, address.host, address.query)

    def shown(self, path: str) -> str:
        """The address of a path."""
        return f"{self.root}/{path}"

    def entry(self, path: str) -> Entry | None:
        """What lies at a path; None where nothing does. Raises PhotoError."""
        return self.entries([path])[0]

    def entries(self, paths: list[str]) -> list[Entry | None]:
        """The same of several, asked for at once."""
        with self._telling(paths[0]):
            found = self._fs.get_file_info([self._prefix + path for path in paths])
        return [self._entry(each) for each in found]

    def listed(self, folder: str, *, recursive: bool = False) -> list[Entry]:
        """What lies in a folder, by name; nothing where there is none. Raises PhotoError."""
        from pyarrow import fs

        with self._telling(folder):
            selector = fs.FileSelector(self._prefix + folder, recursive=recursive, allow_not_found=True)
            found = [self._entry(each) for each in self._fs.get_file_info(selector)]
        return sorted((each for each in found if each is not None), key=lambda each: each.path)

    def refuse_closed(self, path: str) -> None:
        """Raise PhotoError where not the path alone is missing, but its bucket, or the right to look."""
        from pyarrow import fs

        with self._telling(path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._fs.get_file_info(fs.FileSelector(self._prefix + path))

    def _entry(self, info: Any) -> Entry | None:
        from pyarrow import fs

        if info.type == fs.FileType.NotFound:
            return None
        path = info.path.removeprefix(self._prefix).rstrip("/")
        return Entry(path, info.type == fs.FileType.Directory, info.size or 0, info.mtime_ns or 0)

    def open(self, path: str) -> Any:
        """A file, to read and seek in. Raises PhotoError."""
        with self._telling(path):
            return self._fs.open_input_file(self._prefix + path)

    def read(self, path: str) -> bytes:
        """A file's bytes. Raises PhotoError."""
        with self._telling(path), self._fs.open_input_file(self._prefix + path) as file:
            return bytes(file.read())

    def head(self, path: str, count: int) -> bytes:
        """A file's first bytes. Raises PhotoError."""
        with self._telling(path), self._fs.open_input_file(self._prefix + path) as file:
            return bytes(file.read(count))

    def write(self, path: str, data: bytes) -> None:
        """Put a file there, whole or not at all, over one that is there. Raises PhotoError."""
        target = self._prefix + path
        with self._telling(path, "cannot be written"):
            if self._is_object_store:
                self._stream(target, data)
                return
            folder, _, _ = target.rpartition("/")
            self._fs.create_dir(folder, recursive=True)
            scratch = f"{folder}/.arbstyle-{secrets.token_hex(8)}.tmp"
            try:
                self._stream(scratch, data)
                self._fs.move(scratch, target)
            except BaseException:
                with contextlib.suppress(Exception):
                    self._fs.delete_file(scratch)
                raise

    def _stream(self, path: str, data: bytes) -> None:
        stream = self._fs.open_output_stream(path)
        stream.write(data)  # where it raises, the stream is not closed: closing would put what there is
        stream.close()

    @property
    def _is_object_store(self) -> bool:
        kind = self._fs.type_name
        names = re.findall(r"[a-z0-9]+", kind.partition("+")[2] or kind)
        return any(name in _OBJECT_STORES for name in names)

    @contextlib.contextmanager
    def _telling(self, path: str, otherwise: str = "cannot be read") -> Iterator[None]:
        try:
            yield
        except NSTError:
            raise
        except FileNotFoundError as exc:
            raise PhotoError(f"{self.shown(path)}: no such file", "check the path") from exc
        except Exception as exc:  # what pyarrow and fsspec's file systems raise is of many kinds
            raise _told(self.shown(path), exc, otherwise) from exc


def _told(what: str, exc: Exception, otherwise: str) -> PhotoError:
    """What a store said, in one line."""
    text = " ".join(str(exc).split()) or type(exc).__name__
    for code, (reason, hint) in _REASONS.items():
        if code in text:
            return PhotoError(f"{what}: {reason}", hint)
    return PhotoError(f"{what}: {otherwise} ({text[:200]})", "check the address and its permissions")


@lru_cache(maxsize=256)
def _opened(scheme: str, host: str, query: str) -> Store:
    from pyarrow import ArrowInvalid, fs

    root = f"{scheme}://{host}"
    try:
        if scheme in ("s3", "s3a"):
            return Store(root, _s3(host, query), f"{host}/")
        filesystem, inside = fs.FileSystem.from_uri(f"{root}/-{'?' * bool(query)}{query}")
        return Store(root, filesystem, inside.removesuffix("-"))
    except (ArrowInvalid, NotImplementedError) as exc:
        if "Unrecognized filesystem" not in str(exc):
            raise OptionError(f"{root}?{query}: {str(exc).splitlines()[0]}", "check the address") from exc
    except OSError as exc:
        raise _told(root, exc, "cannot be reached") from exc
    return _by_fsspec(root)


def _by_fsspec(root: str) -> Store:
    import fsspec
    from pyarrow import fs

    try:
        filesystem, inside = fsspec.core.url_to_fs(f"{root}/-")
    except (ValueError, ImportError) as exc:
        raise OptionError(f"{root}: {' '.join(str(exc).split())[:160]}", "another address") from exc
    except Exception as exc:  # each of its file systems has errors of its own
        raise _told(root, exc, "cannot be reached") from exc
    return Store(root, fs.PyFileSystem(fs.FSSpecHandler(filesystem)), inside.removesuffix("-"))


def _s3(bucket: str, query: str) -> Any:
    """S3 with one request for each object that is put, and an end to waiting."""
    from pyarrow import fs

    given: dict[str, Any] = dict(parse_qsl(query))
    if given.pop("anonymous", "").lower() == "true":
        given["anonymous"] = True
    unknown = given.keys() - {"endpoint_override", "scheme", "region", "anonymous"}
    if unknown:
        raise OptionError(f"s3://{bucket}?{query}: {min(unknown)} means nothing", "endpoint_override, scheme, region")
    given["region"] = given.get("region") or _region(bucket, given)
    retries = fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS)
    return fs.S3FileSystem(
        **given, connect_timeout=CONNECT_S, request_timeout=REQUEST_S, retry_strategy=retries, allow_delayed_open=True
    )


def _region(bucket: str, given: dict[str, Any]) -> str | None:
    import os

    from pyarrow import fs

    if "endpoint_override" in given or os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL_S3"):
        return None
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or str(fs.resolve_s3_region(bucket))
