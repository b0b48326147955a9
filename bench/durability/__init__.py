"""What a broker keeps through kills, power cuts, failing disks and rot: counted from outside."""
