"""The page as an application of its own, which the server mounts."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from advisor.channels.session import Desk
from advisor.channels.web import page, render

HERE = Path(__file__).parent


def web_app(desk: Desk) -> FastAPI:
    """The Gradio page with our style and script, fonts from the system, nothing fetched from elsewhere."""
    advisor = desk.advisor
    blocks = page.build_page(desk, render.mode_banner(advisor.mode, advisor.versions.chat_model, advisor.notes))
    blocks.queue(default_concurrency_limit=8, max_size=64)
    theme = gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        font=page.SYSTEM_FONTS,
        font_mono=page.MONO_FONTS,
    )
    app = FastAPI(openapi_url=None)
    style = "".join((HERE / name).read_text("utf-8") for name in ("style.css", "pages.css"))
    script = (HERE / "page.js").read_text("utf-8")
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=theme,
        # Through `css=` Gradio would rewrite every selector of ours.
        head=f'<meta name="color-scheme" content="light dark"><style>{style}</style><script>{script}</script>',
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size="500kb",
    )
    return mounted
