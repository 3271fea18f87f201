module eks-deploy/bench/server

go 1.22
