"""Checks the page in German and in Spanish, in which words are longer: no text is English, axe finds no violation, and
nothing is wider than a small phone. Takes a screenshot of each view.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import ROOT, Display, Visit
from tests.e2e.test_accessibility import look_at
from tests.e2e.visitor import READY, Visitor

TEXTS = ROOT / "services" / "gateway" / "web" / "src" / "texts"
# Without the names of engines, what the demo understands, and what was said in other conversations.
SHOWN_TEXTS = """() => {
  const isText = ({ textContent, parentElement }) =>
    textContent.trim() && !parentElement.closest("script, style, [lang=en], .facts dd, .talk-row [dir=auto]");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [document.title];
  while (walker.nextNode()) if (isText(walker.currentNode)) texts.push(walker.currentNode.textContent.trim());
  for (const name of ["aria-label", "title", "placeholder", "alt", "aria-valuetext"])
    for (const element of document.querySelectorAll(`[${name}]`))
      if (!element.closest(".talk-row")) texts.push(element.getAttribute(name));
  return texts;
}"""
# What leaves its panel, or the screen. A scroll container may have wide content.
OVERFLOWING = """() => {
  const box = document.querySelector("dialog[open] .sheet-body, .popover[data-open]") ?? document.body;
  const { left, right } = box.getBoundingClientRect();
  return [...box.querySelectorAll("*")]
    .filter((element) => !element.closest(".unseen, .scene, .keys, svg, option"))
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && element.clientWidth > 1)
    .filter((element) => {
      const part = element.getBoundingClientRect();
      return part.left < left - 1 || part.right > right + 1;
    })
    .map((element) => `${element.tagName} ${element.className}: ${element.textContent.trim().slice(0, 60)}`);
}"""


@dataclass(frozen=True, slots=True)
class Language:
    """The texts by which the test finds its way. `panels`: the buttons in the head."""

    tag: str
    locale: str
    ready: str
    panels: tuple[str, ...]
    edit: str
    settings: str
    choice: str


GERMAN = Language(
    "de",
    "de-DE",
    "Leg einfach los",
    ("Gespräche", "Figuren", "Modell und Gedächtnis", "Einblick"),
    "Luna bearbeiten",
    "Einstellungen",
    "Sprache",
)
SPANISH = Language(
    "es",
    "es-ES",
    "Cuando quieras",
    ("Conversaciones", "Personajes", "Modelo y memoria", "Por dentro"),
    "Editar Luna",
    "Ajustes",
    "Idioma",
)
LANGUAGES = pytest.mark.parametrize("language", [GERMAN, SPANISH], ids=lambda language: language.tag)


def english_only(tag: str) -> list[re.Pattern[str]]:
    """Patterns of the English texts that another language does not have."""

    def texts(language: str) -> set[str]:
        source = (TEXTS / f"{language}.ts").read_text()
        templates = {text for text in re.findall(r"`([^`\n]+)`", source) if "plural(" not in text}
        return templates | set(re.findall(r'"([^"\n]+)"', source))

    def pattern(text: str) -> re.Pattern[str]:
        return re.compile(".+".join(re.escape(part) for part in re.split(r"\$\{[^}]*\}", text)))

    own = texts("en") - texts(tag)
    # a template such as "${found} of ${count}" would match whole sentences of the characters
    return [pattern(text) for text in own if re.search(r"[a-z]{3}", re.sub(r"\$\{[^}]*\}", "", text))]


async def arrive(visitor: Visitor, language: Language) -> None:
    await visitor.page.goto(visitor.address + "/?probe=1")
    await expect(visitor.status_line).to_have_text(language.ready)
    await expect(visitor.page.locator("html")).to_have_attribute("lang", language.tag)


async def look(visitor: Visitor, language: Language, view: str) -> None:
    await look_at(visitor, f"language-{language.tag}", view)
    shown = cast("list[str]", await visitor.page.evaluate(SHOWN_TEXTS))
    english = english_only(language.tag)
    assert not [text for text in shown if any(pattern.fullmatch(text) for pattern in english)], view
    assert await visitor.page.evaluate(OVERFLOWING) == [], view


async def open_panel(visitor: Visitor, name: str) -> Locator:
    await visitor.page.get_by_role("navigation").get_by_role("button", name=name, exact=True).click()
    sheet = visitor.page.get_by_role("dialog")
    await expect(sheet).to_be_visible()
    return sheet


async def open_settings(visitor: Visitor, name: str) -> Locator:
    await visitor.page.get_by_role("button", name=name, exact=True).click()
    sheet = visitor.page.get_by_role("dialog", name=name)
    await expect(sheet).to_be_visible()
    return sheet


async def close(visitor: Visitor) -> None:
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.get_by_role("dialog")).to_be_hidden()


@LANGUAGES
async def test_every_view_is_in_the_browsers_language(visit: Visit, axe: str, language: Language) -> None:
    visitor = await visit(Display(320, 640, still=True, touch=True, scale=2, locale=language.locale))
    await arrive(visitor, language)
    await expect(visitor.page.locator(".seat")).not_to_have_count(0)
    await visitor.page.evaluate(axe)
    await look(visitor, language, "welcome")

    box = visitor.page.locator("#message")
    await box.fill("Luna and Rex, tell me a long story.")  # it must not be over when it is stopped
    await box.press("Enter")
    await expect(visitor.page.locator(".seat.speaking")).to_be_visible()
    await look(visitor, language, "speaking")
    await visitor.page.locator("button.stop").click()
    await expect(visitor.page.locator(".message.theirs.cut").first).to_be_visible()
    await look(visitor, language, "interrupted")

    for panel in language.panels:
        sheet = await open_panel(visitor, panel)
        await expect(sheet.get_by_role("button").nth(1)).to_be_visible()
        await look(visitor, language, panel)
        edit = sheet.get_by_role("button", name=language.edit)
        if panel == language.panels[1]:
            await edit.click()
            await expect(sheet.locator("#character-name")).to_have_value("Luna")
            await expect(sheet.locator(".voice-row.chosen")).to_be_visible()
            await expect(sheet.locator("summary")).to_have_count(2)
            for part in await sheet.locator("summary").all():
                await part.click()
            await look(visitor, language, "character")
        await close(visitor)

    await open_settings(visitor, language.settings)
    await look(visitor, language, "settings")
    await close(visitor)

    await visitor.page.locator(".chips .chip").first.click()
    await visitor.page.locator(".discussion input[type=checkbox]").check()
    await look(visitor, language, "who-answers")


@LANGUAGES
async def test_the_language_can_be_changed_in_the_page(visit: Visit, language: Language) -> None:
    visitor = await visit(Display(still=True, locale=language.locale))
    await arrive(visitor, language)
    await visitor.page.locator("#message").fill("a draft")
    sheet = await open_settings(visitor, language.settings)
    await sheet.get_by_label(language.choice).select_option("en")
    await expect(visitor.page.locator("html")).to_have_attribute("lang", "en")
    await expect(visitor.status_line).to_have_text(READY)
    await expect(visitor.page.get_by_role("dialog", name="Settings").get_by_label("Language")).to_have_value("en")
    await close(visitor)
    # Nothing that the user has entered is lost.
    await expect(visitor.box).to_have_value("a draft")

    await visitor.page.goto("about:blank")
    await visitor.page.goto(visitor.address)
    await expect(visitor.status_line).to_have_text(READY)
    sheet = await open_settings(visitor, "Settings")
    await sheet.get_by_label("Language").select_option("")
    await expect(visitor.status_line).to_have_text(language.ready)


async def test_refusals_and_voices_are_in_the_pages_language(visit: Visit) -> None:
    visitor = await visit(Display(still=True, locale=GERMAN.locale))
    visitor.ignore_console_error("/api/characters")
    await arrive(visitor, GERMAN)
    sheet = await open_panel(visitor, "Figuren")
    await expect(sheet.get_by_text("Amerikaner").first).to_be_visible()
    await sheet.get_by_role("button", name="Luna bearbeiten").click()
    for name, refusal in (("REX", "Eine Figur heißt schon REX."), ("\u2026", "Mindestens ein Buchstabe")):
        await sheet.locator("#character-name").fill(name)
        await sheet.get_by_role("button", name="Speichern").click()
        await expect(sheet.get_by_text(refusal)).to_be_in_viewport()
        await expect(sheet.locator("#character-name")).to_be_focused()
