"""Sphinx extension: content left out of the search index, and titles escaped where the theme does not."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole


class Unsearched(nodes.container, nodes.comment):
    """A container that the search index passes over, as it does with every comment."""


class UnsearchedDirective(SphinxDirective):
    """Directive ``unsearched``: shows its content."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Parse the content into the container."""
        node = Unsearched("")
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


class ClaimRole(SphinxRole):
    """Role ``claim``: links the name of a claim to its line in the ledger."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The name is the text, what stands in angle brackets the anchor."""
        name, _, anchor = self.text.rstrip(">").partition(" <")
        address = f"{'../' * self.env.docname.count('/')}claims.html#{anchor}"
        return [nodes.reference("", name, refuri=address, internal=True)], []


def escape_title(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: object) -> None:
    """Escape the title that the theme writes as HTML at the head of a printed page."""
    context["pagetitle"] = escape(str(context.get("pagetitle") or ""))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both; the HTML of the container is its content."""
    ignore = (lambda writer, node: None, lambda writer, node: None)
    app.add_node(Unsearched, html=ignore, latex=ignore, text=ignore)
    app.add_directive("unsearched", UnsearchedDirective)
    app.add_role("claim", ClaimRole())
    app.connect("html-page-context", escape_title, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
