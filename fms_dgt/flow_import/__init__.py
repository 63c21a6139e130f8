"""Flow files of sdg_hub, read and written anew as flows of the builder `pipeline`."""

from fms_dgt.flow_import.sdg_hub import Imported, import_flow
from fms_dgt.flow_import.write import written

__all__ = ["Imported", "import_flow", "written"]
