"""Vigie beside VictoriaMetrics, Prometheus and InfluxDB: the same telemetry, one run."""
