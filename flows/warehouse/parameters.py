"""Parameters of queries: a `param` line of a header in, its name, type, default and meaning out."""

import re
from dataclasses import dataclass, replace
from typing import Any

from schemas.errors import InputError

_TYPES = {"flag": "of type flag", "integer": f"of type integer, from 0 to {2**63 - 1}"}
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_PARAM = re.compile(r"(\w+): (text|integer|flag|\w+(?: \| \w+)+)(?:; default ([^:]*))?: (.+)")


@dataclass(frozen=True)
class Param:
    """A value that a query takes as `$name`; `default` is None where it is required."""

    name: str
    type: str
    default: str | int | bool | None
    doc: str

    def value(self, argument: object) -> Any:
        """`argument` as this parameter's type; text is parsed. InputError when it does not fit."""
        text = str(argument)
        try:
            if self.type == "text":
                return text
            if self.type == "flag":
                return _FLAGS[text.lower()]
            is_integer = self.type == "integer" and not isinstance(argument, bool)
            if is_integer and 0 <= (number := int(text)) < 2**63:
                return number
        except (ValueError, KeyError):
            pass
        if text in self.type.split(" | "):
            return text
        words = f"one of {self.type}" if "|" in self.type else _TYPES[self.type]
        raise InputError(f"{self.name} is {argument!r}, but should be {words}: {self.doc}.")


def parse_param(query_name: str, line: str) -> Param:
    """A `param` line as a parameter. ValueError unless `name: type; default value: doc`."""
    match = _PARAM.fullmatch(line)
    if not match:
        raise ValueError(f"query {query_name}: not `name: type; default value: doc`: {line!r}")
    name, type_, default, doc = match.groups()
    param = Param(name, type_, None, doc)
    return param if default is None else replace(param, default=param.value(default.strip()))
