"""What Slack's method and Block Kit pages ask of a request (docs.slack.dev/reference).

Only what the project calls; an argument that a page does not name is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

MESSAGE = {"text", "blocks", "attachments", "metadata", "parse", "link_names", "markdown_text"}
PAGES = {"cursor", "inclusive", "include_all_metadata", "latest", "limit", "oldest"}

# Method: required arguments, optional ones, scopes of which one is needed.
METHODS: dict[str, tuple[set[str], set[str], set[str]]] = {
    "auth.test": (set(), set(), set()),
    "chat.postMessage": (
        {"channel"},
        MESSAGE
        | {"as_user", "thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media"}
        | {"icon_emoji", "icon_url", "mrkdwn", "username"},
        {"chat:write"},
    ),
    "chat.update": (
        {"channel", "ts"},
        MESSAGE | {"as_user", "file_ids", "reply_broadcast"},
        {"chat:write"},
    ),
    "conversations.history": ({"channel"}, PAGES, {"channels:history", "groups:history"}),
    "conversations.replies": ({"channel", "ts"}, PAGES, {"channels:history", "groups:history"}),
    "conversations.info": (
        {"channel"},
        {"include_locale", "include_num_members"},
        {"channels:read", "groups:read"},
    ),
    "files.getUploadURLExternal": (
        {"filename", "length"},
        {"alt_txt", "snippet_type"},
        {"files:write"},
    ),
    "files.completeUploadExternal": (
        {"files"},
        {"channel_id", "channels", "thread_ts", "initial_comment", "blocks"},
        {"files:write"},
    ),
    "files.info": ({"file"}, {"count", "cursor", "limit", "page"}, {"files:read"}),
}
ALL_SCOPES = frozenset({"chat:write", "files:write", "files:read"}) | {
    "channels:history", "channels:read", "groups:history", "groups:read"
}  # fmt: skip
LONGEST_TEXT = 4000
LONGEST_BLOCKS = 13_000  # of JSON; not on a page, see slackapi/bolt-js issue 2509
CONTENT_TYPES = ("application/x-www-form-urlencoded", "application/json")
RICH = {
    "rich_text_section": {"text", "link", "emoji"},
    "rich_text_preformatted": {"text", "link"},
    "rich_text_quote": {"text", "link", "emoji"},
}
MENTION = re.compile(r"<[@!#]")


def wrong_arguments(method: str, arguments: dict[str, Any]) -> str | None:
    """Slack's word for what is wrong with a request, None when nothing is."""
    required, optional, _ = METHODS[method]
    if unknown := arguments.keys() - required - optional - {"token"}:
        return f"invalid_arg_name: {sorted(unknown)}"
    if missing := {name for name in required if arguments.get(name) in (None, "")}:
        return f"invalid_arguments: missing {sorted(missing)}"
    if method in ("chat.postMessage", "chat.update"):
        return _wrong_message(arguments)
    if method == "files.getUploadURLExternal":
        if not str(arguments["length"]).isdigit() or int(arguments["length"]) < 1:
            return "missing_argument: length"
        if len(str(arguments.get("alt_txt", ""))) > 1000:
            return "alt_txt_too_large"
    return None


def _wrong_message(arguments: dict[str, Any]) -> str | None:
    text = arguments.get("text", "")
    if not text and not arguments.get("blocks"):
        return "no_text"
    if not text:
        return "no_text: without a fallback a screen reader says nothing"
    if len(text) > LONGEST_TEXT:
        return "msg_too_long"
    metadata = arguments.get("metadata")
    if metadata is not None:
        if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
            return "invalid_metadata_format"
        if len(json.dumps(metadata)) > 8000:
            return "metadata_too_large"
    return wrong_blocks(arguments.get("blocks"))


def wrong_blocks(blocks: Any) -> str | None:
    """What is wrong with a message's blocks."""
    if blocks is None:
        return None
    if not isinstance(blocks, list) or len(blocks) > 50:
        return "invalid_blocks: at most 50"
    if len(json.dumps(blocks)) > LONGEST_BLOCKS:
        return "msg_blocks_too_long"
    return next((f"invalid_blocks: {why}" for block in blocks if (why := _wrong(block))), None)


def _wrong(block: Any) -> str | None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "header":
        return _wrong_keys(block, {"type", "text", "block_id"}) or _wrong_text(
            block["text"], 150, ("plain_text",)
        )
    if kind == "section":
        return _wrong_text(block.get("text"), 3000, ("plain_text", "mrkdwn"))
    if kind == "rich_text":
        elements = block.get("elements")
        if not isinstance(elements, list) or not elements:
            return "rich_text without elements"
        return next((why for one in elements if (why := _wrong_rich(one))), None)
    return f"block {kind!r} is not known here"


def _wrong_text(text: Any, longest: int, kinds: tuple[str, ...]) -> str | None:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return f"text must be {kinds}"
    if not 1 <= len(text.get("text", "")) <= longest:
        return f"1 to {longest} characters"
    return _wrong_keys(text, {"type", "text", "emoji", "verbatim"})


def _wrong_rich(element: Any) -> str | None:
    kind = element.get("type")
    if kind == "rich_text_list":
        if element.get("style") not in ("bullet", "ordered") or not element.get("elements"):
            return "a list needs style and elements"
        return next((why for one in element["elements"] if (why := _wrong_rich(one))), None)
    if kind not in RICH:
        return f"{kind!r} in rich_text"
    if not element.get("elements"):
        return f"{kind} without elements"
    return next((why for one in element["elements"] if (why := _wrong_leaf(one, kind))), None)


def _wrong_leaf(leaf: Any, inside: str) -> str | None:
    kind = leaf.get("type")
    if kind not in RICH[inside]:
        return f"{kind!r} in {inside}"
    if kind == "text":
        return None if leaf.get("text") else "an empty text"
    if kind == "link" and not re.match(r"https?://[^\s|<>]{1,3000}$", leaf.get("url", "")):
        return f"link {leaf.get('url')!r}"
    return None


def _wrong_keys(value: dict[str, Any], known: set[str]) -> str | None:
    unknown = value.keys() - known
    return f"unknown {sorted(unknown)}" if unknown else None
