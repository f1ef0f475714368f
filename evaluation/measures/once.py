"""Values computed once: what one metric works out about the samples, the next one finds."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")


def once(function: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Remember what a function of samples and hashable arguments returns, for as long as the samples live.

    The function is the key: a value has its type, and can be neither read nor replaced under another name.
    """
    found: WeakKeyDictionary[S, dict[Hashable, T]] = WeakKeyDictionary()

    @wraps(function)
    def remembered(samples: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        known, key = found.setdefault(samples, {}), (args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = function(samples, *args, **kwargs)
        return known[key]

    return remembered
