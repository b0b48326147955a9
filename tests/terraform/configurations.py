"""Pieces of configurations."""

from __future__ import annotations

PROVIDER = """
terraform {
  required_providers {
    headrace = { source = "headrace/headrace" }
  }
}
"""


def cluster(name: str, plan: str = "dev", **settings: str) -> str:
    lines = "\n".join(f"  {key} = {value}" for key, value in settings.items())
    return f"""
resource "headrace_cluster" "it" {{
  name = "{name}"
  plan = "{plan}"
{lines}
}}
"""


def topic(name: str, cluster_id: str = "headrace_cluster.it.id", **settings: str) -> str:
    lines = "\n".join(f"  {key} = {value}" for key, value in settings.items())
    return f"""
resource "headrace_topic" "it" {{
  cluster_id = {cluster_id}
  name       = "{name}"
{lines}
}}
"""


def api_key(name: str, **settings: str) -> str:
    lines = "\n".join(f"  {key} = {value}" for key, value in settings.items())
    return f"""
resource "headrace_api_key" "it" {{
  name       = "{name}"
  cluster_id = headrace_cluster.it.id
{lines}
}}
"""
