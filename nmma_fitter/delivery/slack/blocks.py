"""What is posted, as Slack's Block Kit: pure functions from news to messages within its limits.

Text is put into ``rich_text`` and ``plain_text`` objects, in which nothing is a mention, a link or
markup, whatever an object's name or a log may hold. The fallback ``text``, which notifications and
screen readers use, is escaped. Limits: docs.slack.dev, "Blocks", "Formatting message text".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nmma_fitter.delivery.news import NightNews, ObjectNews, Other
from nmma_fitter.delivery.words import (
    best_lines,
    failure_lines,
    night_text,
    object_text,
    ranked_words,
)
from nmma_fitter.engine.files import canonical_digest
from nmma_fitter.plain import short_line

Block = dict[str, Any]

HEADER, TEXT = 150, 3900  # characters; a text over 4,000 is refused
LISTED = 20  # models named in a message
LOG = 2500
# A message of more than about 13,000 characters of blocks is refused ("msg_blocks_too_long").
BLOCKS = 12_000


@dataclass(frozen=True)
class Message:
    """What one message shows.

    Attributes
    ----------
    text : str
        For notifications and screen readers, escaped.
    blocks : list of dict
    """

    text: str
    blocks: list[Block]

    @property
    def digest(self) -> str:
        """Another for each content."""
        return canonical_digest([self.text, self.blocks])[:32]


def within_limits(blocks: list[Block]) -> list[Block]:
    """Blocks whose longest texts are cut until all of them together are not too long."""
    while len(json.dumps(blocks)) > BLOCKS:
        longest = max(_texts(blocks), key=lambda one: len(json.dumps(one["text"])))
        longest["text"] = longest["text"][: len(longest["text"]) * 2 // 3].rstrip("…") + "…"
    return blocks


def _texts(blocks: Sequence[Block]) -> Iterator[Block]:
    """Every text in them that may be cut."""
    for block in blocks:
        if block["type"] == "text":
            yield block
        yield from _texts(block.get("elements", ()))


def escaped(text: str) -> str:
    """Text in which Slack sees no mention, link or entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def object_message(news: ObjectNews, links: Mapping[str, str]) -> Message:
    """The message about an object, which its thread hangs on."""
    night = f"night {news.night}"
    if news.earlier:
        night += f", unchanged since it was fitted in night {news.earlier}"
    blocks = [
        _header(news.object),
        _rich(_section(_text(news.title, bold=True)), _section(_text(night))),
    ]
    if news.ranked:
        rows = [(row.title, f": {ranked_words(row)}") for row in news.ranked[:LISTED]]
        blocks.append(_rich(_list(rows, "ordered")))
    if news.others:
        rows = [_split(other) for other in news.others[:LISTED]]
        blocks.append(_rich(_list(rows, "bullet")))
    if links:
        blocks.append(_rich(_section(*_joined(links))))
    return Message(_fallback(object_text(news)), within_limits(blocks))


def again_message(news: ObjectNews) -> Message:
    """The short line for an object that came back with new data."""
    text = f"Night {news.night}: new photometry, fitted again."
    return Message(_fallback(text), [_rich(_section(_text(text)))])


def failure_message(other: Other, night: str, log: str) -> Message:
    """A failure, with its reason and the log's last lines."""
    name, rest = _split(other)
    parts = [_section(_text(name, bold=True), _text(f"{rest} (night {night})"))]
    if log:
        parts.append({"type": "rich_text_preformatted", "elements": [_text(log[-LOG:])]})
    return Message(_fallback(f"{name}{rest}\n{log}"), within_limits([_rich(*parts)]))


def digest_message(news: NightNews, link: str) -> Message:
    """The night summed up."""
    name = f"Night {news.night}" + (f", revision {news.revision}" if news.revision > 1 else "")
    best, failures = best_lines(news), failure_lines(news)
    blocks = [_header(name), _rich(_section(_text(news.title)))]
    blocks.append(_rich(_list([("", line) for line in best], "bullet")))
    if failures:
        blocks.append(_rich(_list([("", line) for line in failures], "bullet")))
    if link:
        blocks.append(_rich(_section(*_joined({"results": link}))))
    return Message(_fallback(night_text(news)), within_limits(blocks))


def _split(other: Other) -> tuple[str, str]:
    name, colon, rest = other.words.partition(":")
    return name, colon + rest


def _fallback(text: str) -> str:
    """Escaped and within the limit; never cut within an entity."""
    whole = escaped(text)
    while len(whole) > TEXT:
        text = text[: len(text) - max(1, (len(whole) - TEXT) // 5)]
        whole = escaped(text) + "…"
    return whole


def _header(text: str) -> Block:
    words = {"type": "plain_text", "text": short_line(text, HEADER), "emoji": False}
    return {"type": "header", "text": words}


def _rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def _section(*elements: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(elements)}


def _text(text: str, *, bold: bool = False) -> Block:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _list(rows: Sequence[tuple[str, str]], style: str) -> Block:
    """A list whose items begin in bold."""
    items = [
        _section(*([_text(first, bold=True)] if first else []), _text(short_line(rest, 320)))
        for first, rest in rows
    ]
    return {"type": "rich_text_list", "style": style, "elements": items}


def _joined(links: Mapping[str, str]) -> list[Block]:
    parts: list[Block] = []
    for label, url in links.items():
        parts += [_text(" · ")] if parts else []
        parts.append({"type": "link", "url": url, "text": label})
    return parts
