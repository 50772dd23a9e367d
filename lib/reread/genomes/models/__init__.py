"""The networks of this study: the only place that imports a framework."""
