module sandbox.ksi/pause

go 1.24.0
