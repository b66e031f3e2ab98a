"""The management controller of a server (BMC), asked by ipmitool: its power, and its sensors."""
