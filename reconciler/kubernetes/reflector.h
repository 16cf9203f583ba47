// One watch, kept up for as long as it is wanted: a list, the changes since, another list where they were lost. Objects
// are told without their managedFields.
//
// As client-go's reflector: the first state comes as a streaming list (KEP-3157) where the server has it, else in
// pages; a stream that ends is taken up at the version it had come to; after 410 everything is listed anew.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reconciler/cluster/cluster.h"
#include "reconciler/kubernetes/client.h"
#include "reconciler/kubernetes/discovery.h"
#include "reconciler/kubernetes/frames.h"
#include "reconciler/kubernetes/mirror.h"

namespace sluice::kubernetes {

class Reflector : public std::enable_shared_from_this<Reflector> {
 public:
  // `trouble` is told why a list or a watch fails, once for each reason, and "" once it works again.
  using Trouble = std::function<void(const cluster::Kind& kind, const std::string& message)>;
  Reflector(Client& client, Discovery& discovery, cluster::ListObjects what, cluster::EventHandler tell,
            Trouble trouble);

  void Start();
  // Nothing is told any more.
  void Stop();

 private:
  void Begin();
  void Found(const Result<std::optional<Resource>>& resource);
  // From the state that is not older than `version_` ("" for the newest); what is seen until its end is all there is.
  void StreamList();
  // Gives up a list that has fallen silent.
  void ListenToList();
  void List(const std::string& continue_);
  void Listed(const Answer& answer);
  void Watch();
  void Open(const std::string& query);
  void OnPart(std::string_view part);
  bool OnEvent(cluster::Json event);
  void OnEnd(const Result<http::HttpResponse>& end);
  void Ended(const Error& error);
  void DoubtStreamedLists();
  void CloseStream();
  void Synced();

  void After(Duration pause, void (Reflector::*next)());
  // From where it was, after a pause that grows with each failure in a row.
  void TryAgain(const std::string& why);
  void Resume();

  Client& client_;
  Discovery& discovery_;
  const cluster::ListObjects what_;
  const std::vector<cluster::Names> left_out_;  // of events
  const Trouble trouble_;
  Mirror mirror_;
  std::optional<Resource> resource_;
  std::string version_;        // to go on from; "" if everything is to be listed
  bool listing_ = false;       // the stream is a list still
  bool streams_lists_ = true;  // until the server refuses
  int cut_lists_ = 0;          // in a row
  std::string told_trouble_;   // "" while it works
  bool stopped_ = false;
  Frames frames_;
  http::StreamId stream_ = http::StreamId::kNone;
  std::uint64_t opened_ = 0;  // streams so far: what is told of an earlier one is of no interest
  TimePoint opened_at_{};
  std::uint64_t events_ = 0;         // of the stream
  std::uint64_t heard_of_list_ = 0;  // of them, when its list was last listened to
  int failures_ = 0;                 // in a row
  loop::TimerId timer_ = loop::TimerId::kNone;
};

}  // namespace sluice::kubernetes
