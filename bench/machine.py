"""What a page of measurements says of the machine it was made on."""

import datetime
import os
import platform


def describe_machine():
    def first(path, key):
        with open(path, encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith(key)), "unknown")
    memory = int(first("/proc/meminfo", "MemTotal").split()[0]) / (1 << 20)
    return {"date": datetime.date.today().isoformat(), "cpu": first("/proc/cpuinfo", "model name"),
            "cores": os.cpu_count(), "load": os.getloadavg()[0], "memory": f"{memory:.0f} GiB", "kernel": platform.release()}
