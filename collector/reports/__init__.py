"""What is declared once a year, or to partners: made from the KPIs, never with simulated rows."""
