"""Steps of the tour, in chapters. A new step is one function with `@chapter.step("name")`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .stage import Stage

type Action = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Step:
    """One requirement that the tour shows; the first line of its action says which."""

    name: str
    action: Action
    needs_lock: bool


class Chapter:
    """Steps that belong together, in their order."""

    def __init__(self) -> None:
        """Start without steps."""
        self.steps: list[Step] = []

    def step(self, name: str, *, needs_lock: bool = True) -> Callable[[Action], Action]:
        """Append a function as a step."""

        def add(action: Action) -> Action:
            self.steps.append(Step(name, action, needs_lock))
            return action

        return add
