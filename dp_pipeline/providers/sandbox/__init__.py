"""The simulated world as a provider, served by `dp sandbox serve` in SofaScore's form.

clock     what time it is there
provider  the Provider
"""

from dp_pipeline.providers.sandbox.provider import Sandbox

__all__ = ["Sandbox"]
