package approute

import "sync/atomic"

// What the retry budget holds, and what retries take from it and successes give to it.
const (
	budgetCapacity = 500
	costRetry      = 5
	costTimeout    = 10
	giftSuccess    = 1
)

// A budget keeps a client from making an outage worse: a bucket that retries take from. When it holds too little, there
// is no retry.
type budget struct{ taken atomic.Int64 }

// take takes the cost, or nothing when the bucket holds less.
func (b *budget) take(cost int64) bool {
	for {
		taken := b.taken.Load()
		if taken+cost > budgetCapacity {
			return cost == 0
		}
		if b.taken.CompareAndSwap(taken, taken+cost) {
			return true
		}
	}
}

// give puts something back, up to the capacity.
func (b *budget) give(gift int64) {
	for {
		taken := b.taken.Load()
		// The common case, a full bucket and a success, must not write to a shared cache line.
		if taken == 0 || gift == 0 {
			return
		}
		if b.taken.CompareAndSwap(taken, max(taken-gift, 0)) {
			return
		}
	}
}

// left is what the bucket holds now.
func (b *budget) left() int64 { return budgetCapacity - b.taken.Load() }
