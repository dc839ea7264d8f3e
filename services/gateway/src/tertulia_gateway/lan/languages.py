"""Chooses a language and a device from the headers of a request. No I/O."""

from __future__ import annotations

from collections.abc import Sequence

IOS, ANDROID, WINDOWS, MACOS, LINUX = "ios", "android", "windows", "macos", "linux"
DEVICES = (IOS, ANDROID, WINDOWS, MACOS, LINUX)
_MARKS = (
    ("iphone", IOS),
    ("ipad", IOS),
    ("android", ANDROID),
    ("windows", WINDOWS),
    ("mac os", MACOS),
    ("linux", LINUX),
)


def language_of(accepted: str, known: Sequence[str]) -> str:
    """The best known language for an `Accept-Language` header (RFC 9110, section 12.5.4); the first known one if none
    fits.
    """
    ranked: list[tuple[float, str]] = []
    for part in accepted.lower().split(","):
        tag, _, options = part.strip().partition(";")
        weight = options.strip().removeprefix("q=")
        try:
            ranked.append((float(weight) if weight else 1.0, tag.strip().partition("-")[0]))
        except ValueError:
            continue
    ranked.sort(key=lambda item: -item[0])  # stable: equal weights keep their order
    return next((tag for weight, tag in ranked if weight > 0 and tag in known), known[0])


def device_of(user_agent: str) -> str:
    """The device in a `User-Agent` header; "" if it names none."""
    agent = user_agent.lower()
    return next((device for mark, device in _MARKS if mark in agent), "")
