module github.com/quecloud/quecloud-go

go 1.26
