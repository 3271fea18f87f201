module github.com/poolside/eks-deploy/e2e/protocols/go-tar

go 1.25
