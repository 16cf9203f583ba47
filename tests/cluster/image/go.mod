module sluice.dev/tests/cluster/image

go 1.21
