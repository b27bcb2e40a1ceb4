package quecloudtest_test

import (
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestGroupSumsOfAllStates(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(0))
	parent := srv.AddGroup(quecloudtest.Group{PlanMB: 100})
	child := srv.AddGroup(quecloudtest.Group{PlanMB: 10, Parent: parent.ID})
	grandchild := srv.AddGroup(quecloudtest.Group{PlanMB: 1, Parent: child.ID})
	for _, id := range []int64{parent.ID, child.ID, grandchild.ID} {
		srv.AddCard(quecloudtest.Card{BillingID: id})
		srv.AddCard(quecloudtest.Card{BillingID: id, Status: quecloudtest.StatusCancelled})
	}
	tree, err := client.Billing.GroupTreeStatistics(t.Context(), parent.ID)
	must(t, err)
	if tree.TotalFlow != 200 || tree.CardCount != 2 || len(tree.Children) != 1 || tree.Children[0].TotalFlow != 20 {
		t.Errorf("got %+v", tree)
	}
}

func TestGroupSums(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(0))
	parent := srv.AddGroup(quecloudtest.Group{Name: "parent", PlanMB: 100})
	child := srv.AddGroup(quecloudtest.Group{Name: "child", PlanMB: 10, Parent: parent.ID})
	for _, id := range []int64{parent.ID, parent.ID, child.ID} {
		srv.SetUsage(srv.AddCard(quecloudtest.Card{BillingID: id}).ICCID, "2026-03-01", 2.5)
	}
	alone, err := client.Billing.GroupStatistics(t.Context(), parent.ID)
	must(t, err)
	if alone.UsedFlow != 5 || alone.TotalFlow != 200 || alone.ResidueFlow != 195 || alone.CardCount != 2 {
		t.Errorf("the group has %+v", alone)
	}
	tree, err := client.Billing.GroupTreeStatistics(t.Context(), parent.ID)
	must(t, err)
	if len(tree.Children) != 1 || tree.Children[0].UsedFlow != 2.5 || tree.Children[0].CardCount != 1 {
		t.Errorf("its children have %+v", tree.Children)
	}
	_, err = client.Billing.GroupStatistics(t.Context(), 999)
	wantRefused(t, err, "statistics of no group")
}
