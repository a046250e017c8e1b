"""symconv."""

__version__ = "0.1.0"
from symconv.layer import Conv as Conv
