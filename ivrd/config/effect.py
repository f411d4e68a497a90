"""When a changed setting takes effect: each field of the models is marked with it.

The mark stands in the field's annotation, `Annotated[int, whole(1, 60), RELOAD]`, and has no
default: a field without one fails tests/config/test_effect.py.  A mapping whose values are models
of their own is marked as well, for entries that come and go.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ivrd.config.problem import visible
from ivrd.config.yamlfile import Key, dotted

VALUE_SHOWN = 40  # characters of a value
# In the names of settings that have to do with a secret, are made from one, or are a person's.
SECRETS = ("secret", ".pin", ".telephone")


class Effect(Enum):
    """What a changed setting waits for."""

    RELOAD = "ivrd reload"
    RESTART = "a restart of ivrd"
    ASTERISK_RESTART = "a restart of Asterisk"


RELOAD, RESTART, ASTERISK_RESTART = Effect

Files = Mapping[str, BaseModel]  # a file's name -> its parsed content


@dataclass(frozen=True)
class Change:
    """A setting that differs: its dotted key in the YAML, its values, when it takes effect.

    None as a value: the entry was not there, or is not there any more.
    """

    key: str
    old: Any
    new: Any
    effect: Effect

    def __str__(self) -> str:
        """In words, such as `partners.good.cap: 10 -> 12`.

        Settings name the files of secrets; where one stands there by mistake it is not told.
        """
        if any(name in self.key for name in SECRETS):
            return f"{self.key}: changed"
        if self.old is None and _is_entry(self.new):
            return f"{self.key}: added"
        if self.new is None and _is_entry(self.old):
            return f"{self.key}: removed"
        return f"{self.key}: {_shown(self.old)} -> {_shown(self.new)}"


def changes(old: Files, new: Files) -> list[Change]:
    """Each setting that differs."""
    return [change for name in new for change in _in_model((), old[name], new[name])]


def _is_entry(value: Any) -> bool:
    """Whether a value has settings of its own, too many to be told in a word."""
    return isinstance(value, BaseModel | dict | list | tuple)


def _shown(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, BaseModel):
        return "other settings"
    return visible("none" if value is None else str(value), VALUE_SHOWN)


def fields(model: type[BaseModel], above: Key = ()) -> Iterator[tuple[str, list[Effect]]]:
    """Every field that is to have a mark, as `partners.*.cap`, and the marks that it has."""
    for name, field in model.model_fields.items():
        key, below = (*above, name), _model_in(field.annotation)
        if below is not field.annotation:
            yield dotted(key), marks(field)
        if below:
            yield from fields(below, key if below is field.annotation else (*key, "*"))


def marks(field: FieldInfo) -> list[Effect]:
    """The marks in a field's annotation."""
    return [entry for entry in field.metadata if isinstance(entry, Effect)]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field's value is, or that the values of its mapping are."""
    if get_origin(annotation) is dict:
        annotation = get_args(annotation)[1]
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None


def _in_model(above: Key, old: BaseModel, new: BaseModel) -> Iterator[Change]:
    for name, field in type(new).model_fields.items():
        yield from _in_value((*above, name), field, getattr(old, name), getattr(new, name))


def _in_value(key: Key, field: FieldInfo, old: Any, new: Any) -> Iterator[Change]:
    """Down to the place that differs: an entry that is new or gone is one difference."""
    if isinstance(old, BaseModel) and isinstance(new, BaseModel):
        yield from _in_model(key, old, new)
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            yield from _in_value((*key, name), field, old.get(name), new.get(name))
    elif old != new:
        (effect,) = marks(field)
        yield Change(dotted(key), old, new, effect)
