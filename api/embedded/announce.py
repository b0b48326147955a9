"""What `headrace up` says on the terminal."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from api.embedded.service import EmbeddedService

COMMANDS = (
    "headrace cluster create first --plan dev --wait",
    "headrace topic create greetings --cluster first --partitions 3",
    "echo hello | headrace produce greetings --cluster first",
)


def announce(
    console: Console, service: EmbeddedService, data_dir: Path, profile: Path | None
) -> None:
    """Print where everything is and what to try."""
    facts = service.facts
    rows = [
        ("API", facts.api_url_tls),
        ("API on this machine", facts.api_url),
        ("Console", facts.console_url),
        ("Authority", facts.ca_file),
        ("Data", str(data_dir)),
        (
            "Profile",
            "not saved: the first API key was revoked" if profile is None else str(profile),
        ),
    ]
    if service.owner.is_new and facts.api_key is not None:
        rows.append(("API key", f"{facts.api_key}  (shown only now)"))
    width = max(len(label) for label, _ in rows)
    console.print(Text("Headrace is running.", style="bold green"))
    for label, value in rows:
        # Addresses and keys are copied from here, so they are never wrapped or cut.
        line = Text.assemble((f"{label:<{width}}  ", "bold"), value)
        console.print(line, soft_wrap=True)
    console.print("\nIn another terminal:")
    for command in COMMANDS:
        console.print(Text(f"  {command}"), soft_wrap=True)
    console.print("\nCtrl-C stops it.")
