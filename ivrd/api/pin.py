"""The PIN that a command was given: what is said of a wrong one."""

from ivrd.agents.pins import PinCheck
from ivrd.api import server
from ivrd.config.settings import AgentSettings
from ivrd.core.agent_call import PinResult


async def check_pin(pins: PinCheck, agent: AgentSettings, pin: str, who: str) -> None:
    """Whether it is this agent's; `who` has typed it.  Raises `RequestRejected` or `NotNow`."""
    match await pins.check(agent, pin, who):
        case PinResult.WRONG:
            raise server.RequestRejected(f"wrong PIN for {agent.id}")
        case PinResult.LOCKED:
            seconds = pins.locked_seconds(agent.id)
            words = f"there were too many wrong PINs for {agent.id}: try in {seconds:.0f} s"
            raise server.NotNow(words)
        case PinResult.RIGHT:
            pass
