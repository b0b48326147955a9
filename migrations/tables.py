"""Imports every module that declares tables, so that `METADATA` is the whole schema."""

import billing.catalog.models
import billing.metering.models
import control_plane.audit.models
import control_plane.clusters.models
import control_plane.identity.models
import control_plane.kit.idempotency
import control_plane.kit.jobs
import control_plane.kit.outbox
import control_plane.kit.secrets
import control_plane.mail.models
import control_plane.metrics.models
import control_plane.notifications.models
import control_plane.operations.models
import control_plane.organizations.models
import control_plane.usage.models
import control_plane.users.models
from control_plane.kit.db import Base

METADATA = Base.metadata

MODULES = (
    billing.catalog.models,
    billing.metering.models,
    control_plane.audit.models,
    control_plane.clusters.models,
    control_plane.identity.models,
    control_plane.kit.idempotency,
    control_plane.kit.jobs,
    control_plane.kit.outbox,
    control_plane.kit.secrets,
    control_plane.mail.models,
    control_plane.metrics.models,
    control_plane.notifications.models,
    control_plane.operations.models,
    control_plane.organizations.models,
    control_plane.usage.models,
    control_plane.users.models,
)
