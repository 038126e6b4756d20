module github.com/approute/approute-go/conformance

go 1.24

require github.com/approute/approute-go v0.0.0

replace github.com/approute/approute-go => ../../../../sdk-go
