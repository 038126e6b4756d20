//! Lists that come in pages.
//!
//! A list's builder can be sent like any other, for one page. [`Items`] goes through everything item by item, [`Pages`]
//! page by page; both fetch a page when it is needed and stop fetching when they are dropped.
//!
//! ```
//! # let mock = approute::mock::MockTransport::new();
//! # for (next, more) in [(serde_json::json!("c1"), true), (serde_json::Value::Null, false)] {
//! #     mock.reply(approute::mock::Reply::json(200, serde_json::json!({"items": [], "next_cursor": next, "has_more": more})));
//! # }
//! # let client = mock.client();
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let mut links = client.links().list().tag("summer").limit(100).stream();
//! while let Some(link) = links.next().await {
//!     println!("{}", link?.short_url);
//! }
//! # mock.assert_sent(&["GET /v1/links?limit=100&tag=summer", "GET /v1/links?cursor=c1&limit=100&tag=summer"]);
//! # Ok::<_, approute::Error>(()) }).unwrap();
//! ```

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use crate::error::{Error, ErrorKind, Outcome};
use crate::response::Response;
use crate::time::BoxFuture;

/// One page of a list.
pub trait Page: Send + 'static {
    /// What is listed.
    type Item: Send + 'static;

    /// The page's items.
    fn into_items(self) -> Vec<Self::Item>;

    /// The cursor of the next page; `None` on the last.
    fn next_cursor(&self) -> Option<&str>;
}

/// A request for one page, as the paging goes through it.
#[doc(hidden)]
pub trait List: Clone + Unpin + Send + 'static {
    /// The page's model.
    type Page: Page;

    /// The cursor that the request carries.
    fn cursor(&self) -> Option<&str>;

    /// Puts a cursor into the request.
    fn set_cursor(&mut self, cursor: String);

    /// Sends it.
    fn fetch(self) -> BoxFuture<'static, Result<Response<Self::Page>, Error>>;
}

/// All pages of a list, as a [`Stream`] and with an own [`next`](Pages::next).
///
/// The first error ends it.
#[must_use = "streams do nothing unless polled"]
pub struct Pages<L: List> {
    state: State<L>,
    prefetch: bool,
    /// Whether the page ahead needs a thread, since nobody runs the runtime between two pages.
    #[cfg(feature = "blocking")]
    in_thread: bool,
    /// Hashes of the cursors so far, which are much shorter than the cursors themselves.
    seen: HashSet<u64>,
    hasher: RandomState,
}

type Fetched<L> = Result<Response<<L as List>::Page>, Error>;

enum State<L: List> {
    /// The next page is not asked for yet.
    Idle(L),
    /// It is on its way.
    Fetching(L, Fetch<Fetched<L>>),
    /// The last page named a cursor that had been there before.
    Repeated(Error),
    Done,
}

impl<L: List> Pages<L> {
    pub(crate) fn new(list: L) -> Self {
        let mut pages = Self {
            prefetch: false,
            #[cfg(feature = "blocking")]
            in_thread: false,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            state: State::Done,
        };
        if let Some(cursor) = list.cursor() {
            pages.seen.insert(pages.hasher.hash_one(cursor));
        }
        pages.state = State::Idle(list);
        pages
    }

    /// Whether the page after the current one is fetched in the background, off by default. At most one page is ahead,
    /// and dropping the stream cancels its request. Needs a tokio runtime; elsewhere it has no effect.
    pub fn prefetch(mut self, on: bool) -> Self {
        self.prefetch = on;
        self
    }

    #[cfg(feature = "blocking")]
    pub(crate) fn in_thread(mut self) -> Self {
        self.in_thread = true;
        self
    }

    /// The next page; `None` after the last page or an error.
    pub async fn next(&mut self) -> Option<Result<Response<L::Page>, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// What follows a page that has come.
    fn follow(&mut self, mut list: L, page: &Response<L::Page>) -> State<L> {
        let Some(cursor) = page.next_cursor() else {
            return State::Done;
        };
        if !self.seen.insert(self.hasher.hash_one(cursor)) {
            return State::Repeated(repeated_cursor(page));
        }
        list.set_cursor(cursor.to_owned());
        if self.prefetch {
            let fetch = self.ahead(list.clone().fetch());
            return State::Fetching(list, fetch);
        }
        State::Idle(list)
    }
}

impl<L: List> Pages<L> {
    /// Fetches a page that nobody waits for yet.
    fn ahead(&self, fetch: BoxFuture<'static, Fetched<L>>) -> Fetch<Fetched<L>> {
        #[cfg(feature = "blocking")]
        if self.in_thread {
            let (working, over) = tokio::sync::oneshot::channel::<()>();
            crate::blocking::work_until(over);
            return Fetch::in_background(Box::pin(async move {
                // Goes with the task, however that ends.
                let _working = working;
                fetch.await
            }));
        }
        Fetch::in_background(fetch)
    }
}

fn repeated_cursor<P>(page: &Response<P>) -> Error {
    let mut error = Error::new(
        ErrorKind::Decode,
        "the server returned a cursor that it had returned before; the list would never end",
    );
    let inner = error.inner_mut();
    inner.status = Some(page.status());
    inner.headers = page.headers().clone();
    inner.attempts = page.attempts();
    inner.outcome = Outcome::Applied;
    error
}

impl<L: List> Stream for Pages<L> {
    type Item = Result<Response<L::Page>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Done => return Poll::Ready(None),
                State::Repeated(_) => {
                    let State::Repeated(error) = std::mem::replace(&mut this.state, State::Done)
                    else {
                        continue;
                    };
                    return Poll::Ready(Some(Err(error)));
                }
                State::Idle(list) => {
                    let fetch = Fetch::Here(list.clone().fetch());
                    this.state = State::Fetching(list.clone(), fetch);
                }
                State::Fetching(list, fetch) => {
                    let fetched = ready!(fetch.poll(context));
                    let list = list.clone();
                    this.state = State::Done;
                    let page = match fetched {
                        Ok(page) => page,
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    };
                    this.state = this.follow(list, &page);
                    return Poll::Ready(Some(Ok(page)));
                }
            }
        }
    }
}

impl<L: List> FusedStream for Pages<L> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

impl<L: List> fmt::Debug for Pages<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("done", &self.is_terminated())
            .field("prefetch", &self.prefetch)
            .finish()
    }
}

/// All items of a list, as a [`Stream`] and with an own [`next`](Items::next).
///
/// The first error ends it.
#[must_use = "streams do nothing unless polled"]
pub struct Items<L: List> {
    pages: Pages<L>,
    current: std::vec::IntoIter<<L::Page as Page>::Item>,
}

impl<L: List> Items<L> {
    pub(crate) fn new(list: L) -> Self {
        Self {
            pages: Pages::new(list),
            current: Vec::new().into_iter(),
        }
    }

    /// As [`Pages::prefetch`].
    pub fn prefetch(mut self, on: bool) -> Self {
        self.pages = self.pages.prefetch(on);
        self
    }

    /// The next item; `None` after the last item or an error.
    pub async fn next(&mut self) -> Option<Result<<L::Page as Page>::Item, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

#[cfg(feature = "blocking")]
impl<L: List> Items<L> {
    pub(crate) fn in_thread(mut self) -> Self {
        self.pages = self.pages.in_thread();
        self
    }

    /// An item that has come already.
    pub(crate) fn buffered(&mut self) -> Option<<L::Page as Page>::Item> {
        self.current.next()
    }
}

impl<L: List> Unpin for Items<L> {}

impl<L: List> Stream for Items<L> {
    type Item = Result<<L::Page as Page>::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.current.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut this.pages).poll_next(context)) {
                Some(Ok(page)) => this.current = page.into_inner().into_items().into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<L: List> FusedStream for Items<L> {
    fn is_terminated(&self) -> bool {
        self.current.len() == 0 && self.pages.is_terminated()
    }
}

impl<L: List> fmt::Debug for Items<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).finish()
    }
}

/// A page on its way: polled by the stream itself, or by a task of its own that ends with the stream.
enum Fetch<T> {
    Here(BoxFuture<'static, T>),
    Background(tokio::task::JoinHandle<T>),
}

impl<T: Send + 'static> Fetch<Result<T, Error>> {
    fn in_background(future: BoxFuture<'static, Result<T, Error>>) -> Self {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => Self::Background(runtime.spawn(future)),
            Err(_) => Self::Here(future),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<T, Error>> {
        match self {
            Self::Here(future) => future.as_mut().poll(context),
            Self::Background(task) => match ready!(Pin::new(task).poll(context)) {
                Ok(result) => Poll::Ready(result),
                // A panic in one of the user's hooks goes on where it would have been without the task.
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Poll::Ready(Err(Error::new(
                        ErrorKind::Connection,
                        "the tokio runtime shut down while a page was fetched",
                    ))),
                },
            },
        }
    }
}

impl<T> Drop for Fetch<T> {
    fn drop(&mut self) {
        if let Self::Background(task) = self {
            task.abort();
        }
    }
}

/// The ways to go through the list that a builder asks for.
macro_rules! listable {
    ($builder:ident, $page:ty, $cursor:ident) => {
        impl $crate::page::List for $builder<$crate::Client> {
            type Page = $page;

            fn cursor(&self) -> Option<&str> {
                self.$cursor.as_deref()
            }

            fn set_cursor(&mut self, cursor: String) {
                self.$cursor = Some(cursor);
            }

            fn fetch(
                self,
            ) -> $crate::time::BoxFuture<'static, Result<$crate::Response<$page>, $crate::Error>>
            {
                Box::pin(self.send())
            }
        }

        impl $builder<$crate::Client> {
            /// All items, page after page, as a stream.
            pub fn stream(self) -> $crate::page::Items<Self> {
                $crate::page::Items::new(self)
            }

            /// All pages as a stream.
            pub fn pages(self) -> $crate::page::Pages<Self> {
                $crate::page::Pages::new(self)
            }
        }

        #[cfg(feature = "blocking")]
        impl $builder<$crate::blocking::Client> {
            /// All items, page after page.
            pub fn items(self) -> $crate::blocking::Items<$builder<$crate::Client>> {
                let client = self.client.inner().clone();
                $crate::blocking::Items::new(self.with_client(client).stream())
            }

            /// All pages.
            pub fn pages(self) -> $crate::blocking::Pages<$builder<$crate::Client>> {
                let client = self.client.inner().clone();
                $crate::blocking::Pages::new(self.with_client(client).pages())
            }
        }
    };
}
pub(crate) use listable;
