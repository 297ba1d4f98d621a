"""How the lab is laid out: two columns of the height of the window, whose sizes the browser decides."""

import ipywidgets

_CSS = """
.vp-lab { height: calc(100vh - 150px); min-height: 440px; overflow: hidden; }
.vp-lab-columns { flex: 1 1 0; min-height: 0; overflow: hidden; gap: 10px; }
.vp-lab-show, .vp-lab-control { min-width: 0; height: 100%; overflow-x: hidden; overflow-y: auto; flex-wrap: nowrap; }
.vp-lab-show { flex: 3 1 0; container-type: inline-size; }
.vp-lab-control { flex: 0 0 clamp(310px, 32%, 430px); }
.vp-lab-pair { flex-flow: row wrap; gap: 6px; flex: 0 0 auto; overflow: visible; }
.vp-lab-pair > * { flex: 1 1 300px; min-width: 0; max-width: 660px; margin: 0; }
.vp-lab-pair img { width: 100%; height: auto; display: block; margin: 0; }
@container (max-width: 606px) { .vp-lab-pair .vp-lab-pane img { max-height: 24vh; width: auto; max-width: 100%;
  align-self: flex-start; } }
.vp-lab-tools { flex: 0 0 auto; flex-flow: row wrap; overflow: visible; }
.vp-lab-bars { max-height: 34vh; overflow-y: auto; flex: 0 0 auto; }
.vp-lab .widget-html-content { line-height: 1.35; }
.vp-lab-bars > * { flex-basis: 220px; }
.vp-lab-figures table { font-size: 11px; margin: 0 0 3px; width: 100%; }
.vp-lab-figures td, .vp-lab-figures th { padding: 1px 3px; text-align: left; white-space: nowrap; }
.vp-lab-table { overflow-x: auto; overflow-y: hidden; font-family: var(--jp-code-font-family, monospace);
  font-size: 12px; }
.vp-lab-table select, .vp-lab-table button { font: inherit; }
.vp-lab-table select { width: 100%; }
.vp-lab-table-head { flex: 0 0 auto; padding-left: 4px; overflow: visible; }
.vp-lab-table-head button { padding: 0 1ch 0 0; margin: 0; min-width: 0; flex: 0 0 auto; text-align: right;
  background: none; color: var(--jp-content-font-color1); }
.vp-lab-table-head .vp-lab-text { text-align: left; }
.vp-lab .widget-tab > .lm-TabBar .lm-TabBar-tab { min-width: 0; flex: 1 1 auto; padding: 0 2px; text-align: center;
  font-size: 12px; }
.vp-lab .widget-tab > .widget-tab-contents.widget-tab-contents { padding: 6px 2px; }
"""


def style_sheet() -> ipywidgets.HTML:
    """The style of the lab, to be shown with it."""
    return ipywidgets.HTML(f"<style>{_CSS}</style>", layout={"display": "none"})
