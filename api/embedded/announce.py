"""What `headrace up` says on the terminal."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from api.embedded.ready import SavedProfile
from api.embedded.service import EmbeddedService
from headrace.profiles import DEFAULT_PROFILE

COMMANDS = (
    "headrace cluster create first --plan dev --wait",
    "headrace topic create greetings --cluster first --partitions 3",
    "echo hello | headrace produce greetings --cluster first",
)


def announce(
    console: Console, service: EmbeddedService, data_dir: Path, profile: SavedProfile | None
) -> None:
    """Print where everything is and what to try."""
    facts = service.facts
    rows = [
        ("API", facts.api_url_tls),
        ("API on this machine", facts.api_url),
        ("Console", facts.console_url),
        ("Authority", facts.ca_file),
        ("Data", str(data_dir)),
        ("Profile", _profile_text(profile)),
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
        console.print(Text(f"  {_with_profile(command, profile)}"), soft_wrap=True)
    console.print("\nCtrl-C stops it.")


def _profile_text(profile: SavedProfile | None) -> str:
    if profile is None:
        return "not saved: the first API key was revoked"
    if profile.name == DEFAULT_PROFILE:
        return str(profile.path)
    return (
        f"{profile.name} in {profile.path}, used by --profile {profile.name}; "
        f"{DEFAULT_PROFILE} is of another service and was left as it is"
    )


def _with_profile(command: str, profile: SavedProfile | None) -> str:
    if profile is None or profile.name == DEFAULT_PROFILE:
        return command
    return command.replace("headrace ", f"headrace --profile {profile.name} ", 1)
