"""What a page says, taken apart by a parser that is not the one that made it."""

from dataclasses import dataclass

from lxml import html


@dataclass(frozen=True)
class Page:
    tree: html.HtmlElement

    @classmethod
    def of(cls, text: str) -> "Page":
        return cls(html.document_fromstring(text))

    def all(self, selector: str) -> list[html.HtmlElement]:
        return self.tree.cssselect(selector)

    def one(self, selector: str) -> html.HtmlElement:
        (found,) = self.all(selector)
        return found

    def text(self, selector: str = "main") -> str:
        return " ".join(self.one(selector).text_content().split())

    def links(self) -> list[str]:
        return [a.get("href") for a in self.all("a[href]")]

    @property
    def language(self) -> str:
        return self.tree.get("lang")
