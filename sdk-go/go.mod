module github.com/approute/approute-go

go 1.24
