"""Every reading, kept: journal, tail and live in memory, Iceberg tables, and questions over all."""
