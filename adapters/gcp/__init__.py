"""Google Cloud: workflows compiled to Workflows, and what runs beside them."""
