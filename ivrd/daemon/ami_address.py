"""Where ivrd logs in to Asterisk, and with which secret."""

from contextlib import suppress

from ivrd.asterisk.ami_link import AmiAddress
from ivrd.config.problem import ConfigError
from ivrd.config.secret import AMI_SECRET, read_secret
from ivrd.config.settings import Settings


def ami_address(settings: Settings) -> AmiAddress:
    """As the settings have it; the secret is read again at each login."""
    ami = settings.asterisk
    known = read_secret(ami.ami_secret_file, AMI_SECRET)

    def secret() -> str:
        """As its file has it now; while that cannot be read, as it was."""
        nonlocal known
        with suppress(ConfigError):
            known = read_secret(ami.ami_secret_file, AMI_SECRET)
        return known

    return AmiAddress(ami.ami_host, ami.ami_port, ami.ami_user, secret)
