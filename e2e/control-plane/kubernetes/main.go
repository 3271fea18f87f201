// Command kubernetes is a Kubernetes cluster in one file: each part of it by its own name, as in
//
//	kubernetes kube-apiserver --secure-port=6443
//
// One binary links the shared packages once: 140 MB where six binaries take 450.
package main

import (
	"context"
	"fmt"
	"os"
	// The machine need not have a time zone database.
	_ "time/tzdata"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
	"sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

var parts = map[string]func() error{
	"etcd": func() error {
		etcdmain.Main(os.Args)
		return nil
	},
	"kube-apiserver":          func() error { return status(cli.Run(apiserver.NewAPIServerCommand())) },
	"kube-controller-manager": func() error { return status(cli.Run(controllers.NewControllerManagerCommand())) },
	"kube-scheduler":          func() error { return status(cli.Run(scheduler.NewSchedulerCommand())) },
	"kubelet":                 func() error { return status(cli.Run(kubelet.NewKubeletCommand(context.Background()))) },
	"kwok":                    runKwok,
	"gpu-plugin":              runGpuPlugin,
}

func main() {
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: kubernetes etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubelet|kwok|gpu-plugin [flags]")
		os.Exit(2)
	}
	// The parts look at the name they were called by.
	os.Args = os.Args[1:]
	if err := parts[os.Args[0]](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func status(code int) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("%s ended with status %d", os.Args[0], code)
}

func runKwok() error {
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ := log.InitFlags(signals.SetupSignalContext(), flags)
	ctx, err := config.InitFlags(ctx, flags)
	if err != nil {
		return err
	}
	command := kwok.NewCommand(ctx)
	// The parts of Kubernetes have put a --version of another type on the flags of the process.
	command.Version = ""
	command.PersistentFlags().AddFlagSet(flags)
	return command.ExecuteContext(ctx)
}
