# Loads the .imrmc files of this folder and repeats, independently of the program that wrote them, each reader's
# area under the ROC curve and the Obuchowski-Rockette test of their mean against chance.
#
#   Rscript analyse.R            # in the export's folder; base R, no package
#
# Positive = real tumour (truth 1), negative = synthetic (truth 0); a modality is a generator. For labels the score
# is 1 = real, 0.5 = unsure, 0 = synthetic, so that the area is the balanced accuracy with unsure half-way.

read_imrmc <- function(path) {
  lines <- readLines(path, encoding = "UTF-8")
  begin <- grep("^BEGIN DATA:", lines)[1]
  rows <- read.csv(
    text = lines[-seq_len(begin)], header = FALSE, colClasses = "character",
    col.names = c("readerID", "caseID", "modalityID", "score")
  )
  rows$score <- as.numeric(rows$score)
  is_truth <- rows$readerID == "-1"
  truth <- setNames(rows$score[is_truth], rows$caseID[is_truth])
  scores <- rows[!is_truth, ]
  scores$truth <- truth[scores$caseID]
  list(rows = rows, scores = scores)   # `rows` is what iMRMC::doIMRMC(data = ...) takes
}

# The share of pairs of a real and a synthetic case in which the real one scores higher, ties half.
area <- function(score, truth) {
  ranks <- rank(score)
  n1 <- sum(truth == 1)
  n0 <- sum(truth == 0)
  if (n1 == 0 || n0 == 0) return(NA_real_)
  (sum(ranks[truth == 1]) - n1 * (n1 + 1) / 2) / n1 / n0
}

areas <- function(scores) vapply(split(scores, scores$readerID), function(one) area(one$score, one$truth), numeric(1))

# Obuchowski and Rockette (1995), degrees of freedom after Hillis (2007), jackknife covariance over cases.
pooled <- function(scores) {
  value <- areas(scores)
  scores <- scores[scores$readerID %in% names(value)[!is.na(value)], ]
  value <- value[!is.na(value)]
  r <- length(value)
  if (r < 2) return(c(readers = r, mean = if (r) mean(value) else NA, se = NA, df = NA, p = NA))
  cases <- unique(scores$caseID)
  left_out <- sapply(cases, function(case) areas(scores[scores$caseID != case, ])[names(value)])
  deviation <- left_out - rowMeans(left_out)
  covariance <- (length(cases) - 1) / length(cases) * deviation %*% t(deviation)
  cov2 <- mean(covariance[row(covariance) != col(covariance)])
  error <- var(value) + r * max(cov2, 0)
  se <- sqrt(error / r)
  df <- (r - 1) * (error / var(value))^2
  c(readers = r, mean = mean(value), se = se, df = df, p = 2 * pt(-abs((mean(value) - 0.5) / se), df))
}

for (path in list.files(".", pattern = "[.]imrmc$")) {
  data <- read_imrmc(path)
  for (modality in unique(data$scores$modalityID)) {
    one <- data$scores[data$scores$modalityID == modality, ]
    cat("\n", path, ", ", modality, "\n", sep = "")
    print(round(areas(one), 4))
    print(signif(pooled(one), 6))
  }
}
