"""The page of `freehold map --html`, in a browser: it draws, zooms, tells, and fits screens of 1280 and 400 columns."""
import html
import json
import re
import shutil
import subprocess

from support import *
from test_map import MapTest

BROWSER = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)

# Runs in the page: does what a person does, and tells what came of it.
ACTIONS = """
<script>
addEventListener("load", () => setTimeout(() => {
  const strip = document.getElementById("strip"), told = document.getElementById("told"), facts = {};
  const sleep = () => new Promise(done => requestAnimationFrame(done));
  const box = () => strip.getBoundingClientRect();
  const at = share => ({ clientX: box().left + box().width * share, clientY: box().top + 60, bubbles: true,
                         cancelable: true, pointerId: 5 });
  const zoom = () => Number(document.body.dataset.zoom), shown = () => Number(document.body.dataset.shown);
  function colours() {
    const seen = new Set(), brush = strip.getContext("2d");
    const data = brush.getImageData(0, strip.height / 2 | 0, strip.width, 1).data;
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0) seen.add(data.slice(i, i + 3).join());
    return seen.size;
  }
  facts.colours = colours();
  facts.zoom_at_first = zoom();
  facts.shown_at_first = shown();
  for (let i = 0; i < 5; i++) strip.dispatchEvent(new WheelEvent("wheel", { deltaY: -300, ...at(0.3) }));
  facts.zoom_by_wheel = zoom();
  facts.shown_by_wheel = shown();
  facts.colours_by_wheel = colours();
  strip.dispatchEvent(new PointerEvent("pointermove", at(0.3)));
  facts.told = told.textContent;
  const before = view.from;
  strip.setPointerCapture = () => {};
  strip.dispatchEvent(new PointerEvent("pointerdown", at(0.5)));
  strip.dispatchEvent(new PointerEvent("pointermove", at(0.3)));
  strip.dispatchEvent(new PointerEvent("pointerup", at(0.3)));
  facts.dragged = view.from > before;
  document.getElementById("all").click();
  facts.zoom_all = zoom();
  document.getElementById("in").click();
  facts.zoom_in = zoom();
  strip.dispatchEvent(new KeyboardEvent("keydown", { key: "+" }));
  facts.zoom_by_key = zoom();
  strip.dispatchEvent(new KeyboardEvent("keydown", { key: "0" }));
  facts.zoom_by_zero = zoom();
  const legend = document.querySelectorAll("#legend button");
  legend[0].click();
  facts.pressed = document.querySelectorAll("#legend [aria-pressed=true]").length;
  document.querySelector("#legend [aria-pressed=true]").click();
  facts.legend = [...legend].map(one => one.textContent.trim());
  const areas = document.getElementById("areas").getBoundingClientRect();
  const tops = [...document.querySelectorAll("#areas > div")].map(one => one.getBoundingClientRect());
  facts.areas = tops.length;
  facts.areas_outside = tops.filter(one => one.left < areas.left - 1 || one.top < areas.top - 1 ||
                                           one.right > areas.right + 1 || one.bottom > areas.bottom + 1).length;
  facts.width = innerWidth;
  facts.wide = document.documentElement.scrollWidth;
  facts.small_buttons = [...document.querySelectorAll("button, select")].filter(one => one.offsetParent &&
                                                                                one.offsetHeight < 26).length;
  facts.loaded = performance.getEntriesByType("resource").length;
  facts.title = document.getElementById("title").textContent;
  facts.measures = [...document.querySelectorAll("#measure option")].map(one => one.value);
  facts.rows = document.querySelectorAll("#kinds tr").length;
  facts.processes = document.querySelectorAll("#process option").length;
  if (facts.processes > 1) {
    const choice = document.getElementById("process"), was = document.getElementById("when").textContent;
    choice.value = 1;
    choice.dispatchEvent(new Event("change"));
    facts.changed = document.getElementById("when").textContent !== was;
  }
  facts.errors = errors;
  if (parent !== window) parent.postMessage(JSON.stringify(facts), "*");
  else document.body.insertAdjacentHTML("beforeend", "<pre id=tested></pre>");
  if (parent === window) document.getElementById("tested").textContent = JSON.stringify(facts);
}, 50));
</script>
"""
WATCH_ERRORS = "<script>var errors = []; onerror = text => { errors.push(String(text)); };</script>"
FRAME = """<!doctype html><body style="margin:0">
<iframe src="{page}" style="width:{width}px;height:900px;border:0"></iframe>
<script>onmessage = event => {{ const pre = document.createElement("pre"); pre.id = "tested";
pre.textContent = event.data; document.body.append(pre); }};</script>"""


@unittest.skipIf(BROWSER is None, "needs chromium")
class Page(MapTest):
    def browse(self, *arguments, width=1280):
        page = self.directory / "page.html"
        self.check(freehold("map", f"--html={page}", *arguments), 0)
        text = page.read_text()
        tested = self.directory / "tested.html"
        tested.write_text(text.replace("<body>", "<body>" + WATCH_ERRORS, 1).replace("</body>", ACTIONS + "</body>", 1))
        if width < 600:  # narrower than a browser's window may be
            frame = self.directory / "frame.html"
            frame.write_text(FRAME.format(page=tested.name, width=width))
            tested = frame
        result = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                 f"--user-data-dir={self.directory}/browser", "--virtual-time-budget=4000",
                                 f"--window-size={max(width, 600)},900", "--dump-dom", tested.as_uri()],
                                capture_output=True, text=True, timeout=100)
        found = re.search(r'<pre id="tested">(.*?)</pre>', result.stdout, re.S)
        self.assertIsNotNone(found, result.stderr[-2000:] + result.stdout[-500:])
        return text, json.loads(html.unescape(found.group(1)))

    def sound(self, facts, width):
        self.assertEqual(facts["errors"], [])
        self.assertEqual(facts["loaded"], 0)
        self.assertEqual(facts["width"], width)
        self.assertLessEqual(facts["wide"], width)
        self.assertEqual(facts["small_buttons"], 0)
        self.assertGreater(facts["colours"], 4)
        self.assertGreater(facts["colours_by_wheel"], 0)
        self.assertEqual(facts["zoom_at_first"], 1)
        self.assertGreater(facts["zoom_by_wheel"], 3)
        self.assertLess(facts["shown_by_wheel"], facts["shown_at_first"])
        self.assertTrue(facts["dragged"])
        self.assertEqual(facts["zoom_all"], 1)
        self.assertEqual(facts["zoom_in"], 2)
        self.assertGreater(facts["zoom_by_key"], 2)
        self.assertEqual(facts["zoom_by_zero"], 1)
        self.assertEqual(facts["pressed"], 1)
        self.assertRegex(facts["told"], r": .* 0x[0-9a-f]+ - 0x[0-9a-f]+ [r-][w-][x-][ps]")
        self.assertGreater(facts["areas"], 15)
        self.assertEqual(facts["areas_outside"], 0)
        self.assertEqual(facts["rows"], len(facts["legend"]) + 2)

    def test_wide_and_narrow(self):
        process = self.hold("waiting=3", "resident=9", "spans=20", "memfd=2", on_freehold=True)
        for width in (1280, 400):
            with self.subTest(width=width):
                text, facts = self.browse("--deep", process.pid, width=width)
                self.sound(facts, width)
                self.assertIn("Freehold heap", facts["legend"])
                self.assertIn("resident_bytes", facts["measures"])
                self.assertIn("map-subject", facts["title"])
                self.assertEqual(re.findall(r"(?:https?:)?//[a-z]+\.[a-z]+", text.split("const MAP")[0]), [])

    def test_a_tree_without_a_heap_by_counters(self):
        process = self.hold("share=2")
        _, facts = self.browse("--tree", process.pid)
        self.sound(facts, 1280)
        self.assertEqual(facts["processes"], 4)
        self.assertTrue(facts["changed"])
        self.assertEqual(facts["measures"], ["reserved_bytes"])

    def test_names_stay_names(self):
        evil = self.directory / "<img src=x onerror=errors.push(1)>"
        shutil.copy(self.subject, evil)
        line = "</script><script>errors.push(2)</script>"
        process = self.spawn([line], executable=str(evil))
        self.assertEqual(process.stdout.readline(), "ready\n")
        text, facts = self.browse("--deep", process.pid)
        self.sound(facts, 1280)
        self.assertEqual(text.count("</script>"), 1)
        self.assertEqual(facts["title"], line)
