"""Sphinx extension: content that a page shows and the search index leaves out."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


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


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive; the HTML of the container is its content."""
    ignore = (lambda writer, node: None, lambda writer, node: None)
    app.add_node(Unsearched, html=ignore, latex=ignore, text=ignore)
    app.add_directive("unsearched", UnsearchedDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
