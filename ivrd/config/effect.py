"""When a changed setting takes effect: each field of the models is marked with it.

The mark stands in the field's annotation, `Annotated[int, whole(1, 60), RELOAD]`, and has no
default: a field without one fails tests/config/test_effect.py.  A mapping whose values are models
of their own is marked as well, for entries that come and go.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ivrd.config.yamlfile import Key, dotted


class Effect(Enum):
    """What a changed setting waits for."""

    RELOAD = "ivrd reload"
    RESTART = "a restart of ivrd"
    ASTERISK_RESTART = "a restart of Asterisk"


RELOAD, RESTART, ASTERISK_RESTART = Effect

Files = Mapping[str, BaseModel]  # a file's name -> its parsed content


def changes(old: Files, new: Files) -> list[tuple[str, Effect]]:
    """Each setting that differs, as its dotted key in the YAML, and when it takes effect."""
    found = (each for name in new for each in _in_model((), old[name], new[name]))
    return [(dotted(key), effect) for key, effect in found]


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


def _in_model(above: Key, old: BaseModel, new: BaseModel) -> Iterator[tuple[Key, Effect]]:
    for name, field in type(new).model_fields.items():
        yield from _in_value((*above, name), field, getattr(old, name), getattr(new, name))


def _in_value(key: Key, field: FieldInfo, old: Any, new: Any) -> Iterator[tuple[Key, Effect]]:
    """Down to the place that differs: an entry that is new or gone is one difference."""
    if isinstance(old, BaseModel) and isinstance(new, BaseModel):
        yield from _in_model(key, old, new)
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            yield from _in_value((*key, name), field, old.get(name), new.get(name))
    elif old != new:
        (effect,) = marks(field)
        yield key, effect
