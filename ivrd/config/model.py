"""One YAML file parsed with its model; what pydantic finds wrong, in words for a person."""

from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from ivrd.config import yamlfile
from ivrd.config.field_types import FieldType, not_a
from ivrd.config.problem import ConfigError, Problem, meant
from ivrd.config.yamlfile import Document, Key

SECRETS = ("secret", "password", "passwd", "token")


class Part(BaseModel):
    """A mapping in a YAML file whose keys are known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


M = TypeVar("M", bound=Part)


@dataclass(frozen=True)
class File(Generic[M]):
    """A file that is right by itself: its parsed content, and where each key stands."""

    document: Document
    parsed: M

    def problem(self, *key: str | int, say: str) -> Problem:
        """A problem at this key."""
        return self.document.problem(key, say)


def read(path: Path, model: type[M]) -> File[M]:
    """The file at `path`.  Raises `ConfigError` with everything that is wrong in it."""
    document = yamlfile.read(path)
    problems = list(document.doubles)
    try:
        parsed = model.model_validate(document.value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=True)
        problems += [_problem(document, model, detail) for detail in details]
    if problems:
        raise ConfigError(problems)
    return File(document, parsed)


def _problem(document: Document, model: type[Part], detail: ErrorDetails) -> Problem:
    key: Key = detail["loc"]
    if key and key[-1] == "[key]" and detail["type"] != "extra_forbidden":
        key = key[:-1]  # pydantic's way to say that the key itself is wrong
    return document.problem(key, _words(model, key, detail))


def _words(model: type[Part], key: Key, detail: ErrorDetails) -> str:
    kind, found = detail["type"], detail["input"]
    if kind == "missing":
        return f"missing; expected {_expected(model, key)}"
    if kind == "extra_forbidden":
        return _unknown_key(str(key[-1]), _fields(model, key[:-1]))
    if kind == "too_short":
        return "expected at least one"
    if kind in ("model_type", "dict_type", "list_type"):
        # What is there may be a secret in the wrong place: it is not repeated.
        return not_a("list" if kind == "list_type" else "mapping", found)
    return detail["msg"]


def _unknown_key(name: str, known: list[str]) -> str:
    if any(word in name.lower() for word in SECRETS):
        return "no secret may stand here; write it to a file and name that as secret_file"
    return f"unknown key{meant(name, known)}"


def _expected(model: type[Part], key: Key) -> str:
    """What the missing field at `key` should have been."""
    field = _at(model, key[:-1]).model_fields[str(key[-1])]
    for entry in field.metadata:
        if isinstance(entry, FieldType):
            return entry.what
    return "a list" if get_origin(field.annotation) is list else "a mapping"


def _fields(model: type[Part], key: Key) -> list[str]:
    return list(_at(model, key).model_fields)


def _at(model: type[Part], key: Key) -> type[Part]:
    """The model of the mapping at `key`."""
    here: Any = model
    for step in key:
        here = _without_none(here)
        origin = get_origin(here)
        if origin is dict:
            here = get_args(here)[1]
        elif origin is list:
            here = get_args(here)[0]
        else:
            here = here.model_fields[step].annotation
    found: type[Part] = _without_none(here)
    return found


def _without_none(annotation: Any) -> Any:
    """The model in `Model | None`; anything else as it is."""
    if get_origin(annotation) is not UnionType:
        return annotation
    return next(one for one in get_args(annotation) if one is not type(None))
