"""Sphinx extension: links to claims, content left out of the search index, head and list of the pages."""

import re
from html import escape, unescape
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole


class _Unsearched(nodes.container, nodes.comment):
    """A container that the search index passes over, as it does with every comment."""


class _UnsearchedDirective(SphinxDirective):
    """Directive ``unsearched``: shows its content."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        node = _Unsearched("")
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


class _ClaimRole(SphinxRole):
    """Role ``claim``: links the name of a claim to its line in the ledger, the anchor in angle brackets."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        name, _, anchor = self.text.rstrip(">").partition(" <")
        address = f"{'../' * self.env.docname.count('/')}claims.html#{anchor}"
        return [nodes.reference("", name, refuri=address, internal=True)], []


def _complete_head(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Describe a page for search engines; escape the title that the theme writes as HTML for print."""
    context["pagetitle"] = escape(str(context.get("pagetitle") or ""))
    if page == app.config.root_doc:
        context["docstitle"] = ""  # it is the title already
    title, said = re.sub(r"<[^>]*>", "", context.get("title") or ""), escape(_describe(tree))
    tags = [f'<meta name="description" content="{said}"/>'] if said else []
    title = escape(unescape(title))
    named = {"title": title, "description": said, "type": "article", "site_name": "Reread"}
    tags += [f'<meta property="og:{name}" content="{text}"/>' for name, text in named.items() if text]
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags])


def _describe(tree: Any) -> str:
    """The answer of a page, else its question, else its first paragraph; at most 200 characters."""
    boxes = list(tree.findall(nodes.container)) if tree else []
    found = [box for name in ("answer", "question") for box in boxes if name in box["classes"]]
    words = next(iter(found), None) or (next(iter(tree.findall(nodes.paragraph)), None) if tree else None)
    text = " ".join(words.astext().split()) if words else ""
    return text if len(text) <= 200 else text[:200].rsplit(" ", 1)[0] + " ..."


def _add_navigation(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Hand the contents of the book to the sidebar; that of the theme costs a fifth of the build."""
    contents = yaml.safe_load((app.srcdir / "_toc.yml").read_text(encoding="utf-8"))
    context.update(book_contents=contents["parts"], book_titles=app.env.titles)


def _leave_out_mathjax(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Keep MathJax (2.1 MB) off pages without an equation, also off those that list a page with one."""
    math = nodes.math | nodes.math_block
    if not tree or not any(isinstance(node, math) for node in tree.findall()):
        files = context.get("script_files", [])
        context["script_files"] = [one for one in files if app.config.mathjax_path not in str(one.filename)]


def _write_sitemap(app: Sphinx, error: Exception | None) -> None:
    """List the address of every page, where the address of the book is known."""
    base = app.config.html_baseurl.rstrip("/")
    if base and error is None:
        lines = [f"<url><loc>{base}/{escape(name)}.html</loc></url>" for name in sorted(app.env.found_docs)]
        head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        text = head + "\n".join(lines) + "\n</urlset>\n"
        (app.outdir / "sitemap.xml").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register all; the HTML of the container is its content."""
    ignore = (lambda writer, node: None, lambda writer, node: None)
    app.add_node(_Unsearched, html=ignore, latex=ignore, text=ignore)
    app.add_directive("unsearched", _UnsearchedDirective)
    app.add_role("claim", _ClaimRole())
    app.connect("html-page-context", _add_navigation, priority=100)
    app.connect("html-page-context", _complete_head, priority=900)
    app.connect("html-page-context", _leave_out_mathjax, priority=900)
    app.connect("build-finished", _write_sitemap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
