"""Headers of every answer: what a browser that got one by accident must not do with it."""

from typing import Final

SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
ALWAYS: Final = b"".join(b"%b: %b\r\n" % pair for pair in (*SECURITY, POLICY))
"""The same as bytes, for who writes answers without a framework."""
