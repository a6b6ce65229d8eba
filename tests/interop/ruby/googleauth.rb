# gRPC's client for its interoperability tests asks for this gem, which it needs for the cases with credentials alone.
module Google
  module Auth
    class CredentialsLoader
      ENV_VAR = 'GOOGLE_APPLICATION_CREDENTIALS'
    end
  end
end
