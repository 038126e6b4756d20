module example.com/creators

go 1.24

require github.com/approute/approute-go v0.0.0

// The SDK of this checkout; without this line, the published one.
replace github.com/approute/approute-go => ../../sdk-go
