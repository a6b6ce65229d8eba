"""The names that a run knows: our own faults, profiles and backends, the user's, and those of other plugins."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_integrations.core.errors import IntegrationsError
from pytest_integrations.core.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    import pluggy

    from pytest_integrations.backends.fake import Fake
    from pytest_integrations.core.fault import Fault
    from pytest_integrations.profiles import Profile

__all__ = ["BACKENDS", "ENTRY_POINTS", "Registries", "check_names", "registries"]

T = TypeVar("T")

ENTRY_POINTS = "pytest_integrations"
"""The entry-point group of distributions that add to the fakes and need not be loaded with pytest."""

BACKENDS = {
    "amqp": "pytest_integrations.backends.amqp.fake:FakeAmqp",
    "graphql": "pytest_integrations.backends.graphql.fake:FakeGraphQL",
    "grpc": "pytest_integrations.backends.grpc.fake:FakeGrpc",
    "kafka": "pytest_integrations.backends.kafka.fake:FakeKafka",
    "proxy": "pytest_integrations.backends.proxy.fake:FakeProxy",
    "redis": "pytest_integrations.backends.redis.fake:FakeRedis",
    "rest": "pytest_integrations.backends.rest:FakeRest",
    "sqs": "pytest_integrations.backends.sqs.fake:FakeSqs",
}
"""Our own fakes, by the names that `fakes.make` takes; a new one is a line here."""


class Registries:
    """Everything that can be named in a run; each kind is collected when the first name of it is looked up."""

    def __init__(
        self, hook: pluggy.HookRelay, config: pytest.Config | None = None, pyproject: Path | None = None
    ) -> None:
        """Ask everyone who implements our hooks, as *hook* knows them, and read the profiles of a *pyproject* file."""
        self._hook = hook
        self._config = config
        self._pyproject = pyproject

    @cached_property
    def faults(self) -> Registry[type[Fault]]:
        """The faults that profiles may name."""
        from pytest_integrations.faults.catalogue import of_streams, registry

        return self._joined(
            Registry("fault", {**registry.entries(), **of_streams.entries()}), self._hook.pytest_integrations_faults
        )

    @cached_property
    def backends(self) -> Registry[type[Fake]]:
        """The fakes that `fakes.make` can make."""
        return self._joined(Registry("backend", BACKENDS), self._hook.pytest_integrations_backends)

    @cached_property
    def profiles(self) -> Registry[Profile]:
        """The profiles that can be asked for."""
        from pytest_integrations.profiles import BUILT_IN, toml

        hint = "`pytest --list-fault-profiles` tells what they do."
        profiles: Registry[Profile] = self._joined(
            Registry("fault profile", BUILT_IN, hint=hint), self._hook.pytest_integrations_profiles
        )
        for name, profile in (toml.load(self._pyproject, self.faults) if self._pyproject else {}).items():
            profiles.add(name, profile)
        return profiles

    def _joined(self, registry: Registry[T], caller: pluggy.HookCaller) -> Registry[T]:
        for entries in reversed(caller(config=self._config)):
            for name, entry in entries.items():
                registry.add(name, entry)
        return registry


_REGISTRIES = pytest.StashKey[Registries]()


def registries(config: pytest.Config) -> Registries:
    """Return the names of this run."""
    if _REGISTRIES not in config.stash:
        if not (os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or config.getoption("disable_plugin_autoload", False)):
            config.pluginmanager.load_setuptools_entrypoints(ENTRY_POINTS)
        pyproject = config.rootpath / "pyproject.toml"
        config.stash[_REGISTRIES] = Registries(config.hook, config, pyproject if pyproject.is_file() else None)
    return config.stash[_REGISTRIES]


def check_names(config: pytest.Config, names: tuple[str, ...], where: str) -> None:
    """Refuse profile *names* that nobody registered; *where* they stand goes in front."""
    try:
        for name in names:
            registries(config).profiles.get(name)
    except IntegrationsError as error:
        msg = f"{where}: {error}"
        raise pytest.UsageError(msg) from error
